"""The requests of the public API as values: which members, which of them required, within which bounds.

Facts of the service's model, in its names; what an operation does with a valid request is not known here. Members of
the model that are not offered are listed, and refused by name; patterns in terms of Unicode's classes are left out.

Source: botocore's service model of Firehose 2015-08-04 (botocore 1.44), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping

from kit.streams.api.shapes import BOOLEAN, Blob, Integer, ListOf, MapOf, Structure, Text

DELIVERY_STREAM_NAME = Text(1, 64, "[a-zA-Z0-9_.-]+")
DELIVERY_STREAM_TYPE = Text(options=("DirectPut", "KinesisStreamAsSource", "MSKAsSource", "DatabaseAsSource"))
DIRECT_PUT_SOURCE_CONFIGURATION = Structure(("ThroughputHintInMBs",), {"ThroughputHintInMBs": Integer(1, 100)})
KINESIS_STREAM_ARN = Text(1, 512, r"arn:.*:kinesis:[a-zA-Z0-9\-]+:\d{12}:stream/[a-zA-Z0-9_.-]+")
ROLE_ARN = Text(1, 512, r"arn:.*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+")
KINESIS_STREAM_SOURCE_CONFIGURATION = Structure(
    ("KinesisStreamARN", "RoleARN"), {"KinesisStreamARN": KINESIS_STREAM_ARN, "RoleARN": ROLE_ARN}
)
AWSKMSKEY_ARNFOR_SSE = Text(1, 512, r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:key/[a-zA-Z_0-9+=,.@\-_/]+")
KEY_TYPE = Text(options=("AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"))
DELIVERY_STREAM_ENCRYPTION_CONFIGURATION_INPUT = Structure(
    ("KeyType",), {"KeyARN": AWSKMSKEY_ARNFOR_SSE, "KeyType": KEY_TYPE}
)
BUCKET_ARN = Text(1, 2048, r"arn:.*:s3:::[\w\.\-]{1,255}")
PREFIX = Text(0, 1024, ".*")
ERROR_OUTPUT_PREFIX = Text(0, 1024, ".*")
BUFFERING_HINTS = Structure((), {"SizeInMBs": Integer(1, 128), "IntervalInSeconds": Integer(0, 900)})
COMPRESSION_FORMAT = Text(options=("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"))
NO_ENCRYPTION_CONFIG = Text(options=("NoEncryption",))
AWSKMSKEY_ARN = Text(1, 512, r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\-_/]+")
KMSENCRYPTION_CONFIG = Structure(("AWSKMSKeyARN",), {"AWSKMSKeyARN": AWSKMSKEY_ARN})
ENCRYPTION_CONFIGURATION = Structure(
    (), {"NoEncryptionConfig": NO_ENCRYPTION_CONFIG, "KMSEncryptionConfig": KMSENCRYPTION_CONFIG}
)
LOG_GROUP_NAME = Text(0, 512, r"[\.\-_/#A-Za-z0-9]*")
LOG_STREAM_NAME = Text(0, 512, "[^:*]*")
CLOUD_WATCH_LOGGING_OPTIONS = Structure(
    (), {"Enabled": BOOLEAN, "LogGroupName": LOG_GROUP_NAME, "LogStreamName": LOG_STREAM_NAME}
)
S3_DESTINATION_CONFIGURATION = Structure(
    ("RoleARN", "BucketARN"),
    {
        "RoleARN": ROLE_ARN,
        "BucketARN": BUCKET_ARN,
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERROR_OUTPUT_PREFIX,
        "BufferingHints": BUFFERING_HINTS,
        "CompressionFormat": COMPRESSION_FORMAT,
        "EncryptionConfiguration": ENCRYPTION_CONFIGURATION,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
    },
)
PROCESSOR_TYPE = Text(
    options=(
        "RecordDeAggregation",
        "Decompression",
        "CloudWatchLogProcessing",
        "Lambda",
        "MetadataExtraction",
        "AppendDelimiterToRecord",
    )
)
PROCESSOR_PARAMETER_NAME = Text(
    options=(
        "LambdaArn",
        "NumberOfRetries",
        "MetadataExtractionQuery",
        "JsonParsingEngine",
        "RoleArn",
        "BufferSizeInMBs",
        "BufferIntervalInSeconds",
        "SubRecordType",
        "Delimiter",
        "CompressionFormat",
        "DataMessageExtraction",
    )
)
PROCESSOR_PARAMETER_VALUE = Text(1, 5120, r"^(?!\s*$).+")
PROCESSOR_PARAMETER = Structure(
    ("ParameterName", "ParameterValue"),
    {"ParameterName": PROCESSOR_PARAMETER_NAME, "ParameterValue": PROCESSOR_PARAMETER_VALUE},
)
PROCESSOR_PARAMETER_LIST = ListOf(PROCESSOR_PARAMETER)
PROCESSOR = Structure(("Type",), {"Type": PROCESSOR_TYPE, "Parameters": PROCESSOR_PARAMETER_LIST})
PROCESSOR_LIST = ListOf(PROCESSOR)
PROCESSING_CONFIGURATION = Structure((), {"Enabled": BOOLEAN, "Processors": PROCESSOR_LIST})
S3_BACKUP_MODE = Text(options=("Disabled", "Enabled"))
NON_EMPTY_STRING_WITHOUT_WHITESPACE = Text(1, 1024, r"^\S+$")
SCHEMA_CONFIGURATION = Structure(
    (),
    {
        "RoleARN": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
        "CatalogId": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
        "DatabaseName": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
        "TableName": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
        "Region": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
        "VersionId": NON_EMPTY_STRING_WITHOUT_WHITESPACE,
    },
)
NON_EMPTY_STRING = Text(1, 1024, r"^(?!\s*$).+")
COLUMN_TO_JSON_KEY_MAPPINGS = MapOf(NON_EMPTY_STRING_WITHOUT_WHITESPACE, NON_EMPTY_STRING, None, None)
OPEN_XJSON_SER_DE = Structure(
    (),
    {
        "ConvertDotsInJsonKeysToUnderscores": BOOLEAN,
        "CaseInsensitive": BOOLEAN,
        "ColumnToJsonKeyMappings": COLUMN_TO_JSON_KEY_MAPPINGS,
    },
)
LIST_OF_NON_EMPTY_STRINGS = ListOf(NON_EMPTY_STRING)
HIVE_JSON_SER_DE = Structure((), {"TimestampFormats": LIST_OF_NON_EMPTY_STRINGS})
DESERIALIZER = Structure((), {"OpenXJsonSerDe": OPEN_XJSON_SER_DE, "HiveJsonSerDe": HIVE_JSON_SER_DE})
INPUT_FORMAT_CONFIGURATION = Structure((), {"Deserializer": DESERIALIZER})
PARQUET_COMPRESSION = Text(options=("UNCOMPRESSED", "GZIP", "SNAPPY"))
PARQUET_WRITER_VERSION = Text(options=("V1", "V2"))
PARQUET_SER_DE = Structure(
    (),
    {
        "BlockSizeBytes": Integer(67108864),
        "PageSizeBytes": Integer(65536),
        "Compression": PARQUET_COMPRESSION,
        "EnableDictionaryCompression": BOOLEAN,
        "MaxPaddingBytes": Integer(0),
        "WriterVersion": PARQUET_WRITER_VERSION,
    },
)
ORC_COMPRESSION = Text(options=("NONE", "ZLIB", "SNAPPY"))
LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE = ListOf(NON_EMPTY_STRING_WITHOUT_WHITESPACE)
ORC_FORMAT_VERSION = Text(options=("V0_11", "V0_12"))
ORC_SER_DE = Structure(
    (),
    {
        "StripeSizeBytes": Integer(8388608),
        "BlockSizeBytes": Integer(67108864),
        "RowIndexStride": Integer(1000),
        "EnablePadding": BOOLEAN,
        "Compression": ORC_COMPRESSION,
        "BloomFilterColumns": LIST_OF_NON_EMPTY_STRINGS_WITHOUT_WHITESPACE,
        "FormatVersion": ORC_FORMAT_VERSION,
    },
)
SERIALIZER = Structure((), {"ParquetSerDe": PARQUET_SER_DE, "OrcSerDe": ORC_SER_DE})
OUTPUT_FORMAT_CONFIGURATION = Structure((), {"Serializer": SERIALIZER})
DATA_FORMAT_CONVERSION_CONFIGURATION = Structure(
    (),
    {
        "SchemaConfiguration": SCHEMA_CONFIGURATION,
        "InputFormatConfiguration": INPUT_FORMAT_CONFIGURATION,
        "OutputFormatConfiguration": OUTPUT_FORMAT_CONFIGURATION,
        "Enabled": BOOLEAN,
    },
)
RETRY_OPTIONS = Structure((), {"DurationInSeconds": Integer(0, 7200)})
DYNAMIC_PARTITIONING_CONFIGURATION = Structure((), {"RetryOptions": RETRY_OPTIONS, "Enabled": BOOLEAN})
FILE_EXTENSION = Text(0, 128, r"^$|\.[0-9a-z!\-_.*'()]+")
CUSTOM_TIME_ZONE = Text(0, 50, "^$|[a-zA-Z/_]+")
EXTENDED_S3_DESTINATION_CONFIGURATION = Structure(
    ("RoleARN", "BucketARN"),
    {
        "RoleARN": ROLE_ARN,
        "BucketARN": BUCKET_ARN,
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERROR_OUTPUT_PREFIX,
        "BufferingHints": BUFFERING_HINTS,
        "CompressionFormat": COMPRESSION_FORMAT,
        "EncryptionConfiguration": ENCRYPTION_CONFIGURATION,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
        "ProcessingConfiguration": PROCESSING_CONFIGURATION,
        "S3BackupMode": S3_BACKUP_MODE,
        "S3BackupConfiguration": S3_DESTINATION_CONFIGURATION,
        "DataFormatConversionConfiguration": DATA_FORMAT_CONVERSION_CONFIGURATION,
        "DynamicPartitioningConfiguration": DYNAMIC_PARTITIONING_CONFIGURATION,
        "FileExtension": FILE_EXTENSION,
        "CustomTimeZone": CUSTOM_TIME_ZONE,
    },
)
CLUSTER_JDBCURL = Text(
    1,
    512,
    r"jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(redshift(-serverless)?)\.([a-zA-Z0-9\.\-]+):\d{1,5}/[a-zA-Z0-9_$-]+",
)
DATA_TABLE_NAME = Text(1, 512, ".*")
DATA_TABLE_COLUMNS = Text(0, 10240, ".*")
COPY_OPTIONS = Text(0, 10240, ".*")
COPY_COMMAND = Structure(
    ("DataTableName",),
    {"DataTableName": DATA_TABLE_NAME, "DataTableColumns": DATA_TABLE_COLUMNS, "CopyOptions": COPY_OPTIONS},
)
USERNAME = Text(1, 512, ".*")
PASSWORD = Text(6, 512, ".*")
REDSHIFT_RETRY_OPTIONS = Structure((), {"DurationInSeconds": Integer(0, 7200)})
REDSHIFT_S3_BACKUP_MODE = Text(options=("Disabled", "Enabled"))
SECRET_ARN = Text(1, 2048, r"arn:.*:secretsmanager:[a-zA-Z0-9\-]+:\d{12}:secret:[a-zA-Z0-9\-/_+=.@!]+")
SECRETS_MANAGER_CONFIGURATION = Structure(
    ("Enabled",), {"SecretARN": SECRET_ARN, "RoleARN": ROLE_ARN, "Enabled": BOOLEAN}
)
REDSHIFT_DESTINATION_CONFIGURATION = Structure(
    ("RoleARN", "ClusterJDBCURL", "CopyCommand", "S3Configuration"),
    {
        "RoleARN": ROLE_ARN,
        "ClusterJDBCURL": CLUSTER_JDBCURL,
        "CopyCommand": COPY_COMMAND,
        "Username": USERNAME,
        "Password": PASSWORD,
        "RetryOptions": REDSHIFT_RETRY_OPTIONS,
        "S3Configuration": S3_DESTINATION_CONFIGURATION,
        "ProcessingConfiguration": PROCESSING_CONFIGURATION,
        "S3BackupMode": REDSHIFT_S3_BACKUP_MODE,
        "S3BackupConfiguration": S3_DESTINATION_CONFIGURATION,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
        "SecretsManagerConfiguration": SECRETS_MANAGER_CONFIGURATION,
    },
)
TAG_KEY = Text(1, 128)
TAG_VALUE = Text(0, 256)
TAG = Structure(("Key",), {"Key": TAG_KEY, "Value": TAG_VALUE})
TAG_DELIVERY_STREAM_INPUT_TAG_LIST = ListOf(TAG, 1, 50)
DESTINATION_ID = Text(1, 100, "[a-zA-Z0-9-]+")
RECORD = Structure(("Data",), {"Data": Blob(1024000)})
PUT_RECORD_BATCH_REQUEST_ENTRY_LIST = ListOf(RECORD, 1, 500)
TAG_KEY_LIST = ListOf(TAG_KEY, 1, 50)
DELIVERY_STREAM_VERSION_ID = Text(1, 50, "[0-9]+")
S3_DESTINATION_UPDATE = Structure(
    (),
    {
        "RoleARN": ROLE_ARN,
        "BucketARN": BUCKET_ARN,
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERROR_OUTPUT_PREFIX,
        "BufferingHints": BUFFERING_HINTS,
        "CompressionFormat": COMPRESSION_FORMAT,
        "EncryptionConfiguration": ENCRYPTION_CONFIGURATION,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
    },
)
EXTENDED_S3_DESTINATION_UPDATE = Structure(
    (),
    {
        "RoleARN": ROLE_ARN,
        "BucketARN": BUCKET_ARN,
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERROR_OUTPUT_PREFIX,
        "BufferingHints": BUFFERING_HINTS,
        "CompressionFormat": COMPRESSION_FORMAT,
        "EncryptionConfiguration": ENCRYPTION_CONFIGURATION,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
        "ProcessingConfiguration": PROCESSING_CONFIGURATION,
        "S3BackupMode": S3_BACKUP_MODE,
        "S3BackupUpdate": S3_DESTINATION_UPDATE,
        "DataFormatConversionConfiguration": DATA_FORMAT_CONVERSION_CONFIGURATION,
        "DynamicPartitioningConfiguration": DYNAMIC_PARTITIONING_CONFIGURATION,
        "FileExtension": FILE_EXTENSION,
        "CustomTimeZone": CUSTOM_TIME_ZONE,
    },
)
REDSHIFT_DESTINATION_UPDATE = Structure(
    (),
    {
        "RoleARN": ROLE_ARN,
        "ClusterJDBCURL": CLUSTER_JDBCURL,
        "CopyCommand": COPY_COMMAND,
        "Username": USERNAME,
        "Password": PASSWORD,
        "RetryOptions": REDSHIFT_RETRY_OPTIONS,
        "S3Update": S3_DESTINATION_UPDATE,
        "ProcessingConfiguration": PROCESSING_CONFIGURATION,
        "S3BackupMode": REDSHIFT_S3_BACKUP_MODE,
        "S3BackupUpdate": S3_DESTINATION_UPDATE,
        "CloudWatchLoggingOptions": CLOUD_WATCH_LOGGING_OPTIONS,
        "SecretsManagerConfiguration": SECRETS_MANAGER_CONFIGURATION,
    },
)

REQUESTS: Mapping[str, Structure] = {
    "CreateDeliveryStream": Structure(
        ("DeliveryStreamName",),
        {
            "DeliveryStreamName": DELIVERY_STREAM_NAME,
            "DeliveryStreamType": DELIVERY_STREAM_TYPE,
            "DirectPutSourceConfiguration": DIRECT_PUT_SOURCE_CONFIGURATION,
            "KinesisStreamSourceConfiguration": KINESIS_STREAM_SOURCE_CONFIGURATION,
            "DeliveryStreamEncryptionConfigurationInput": DELIVERY_STREAM_ENCRYPTION_CONFIGURATION_INPUT,
            "S3DestinationConfiguration": S3_DESTINATION_CONFIGURATION,
            "ExtendedS3DestinationConfiguration": EXTENDED_S3_DESTINATION_CONFIGURATION,
            "RedshiftDestinationConfiguration": REDSHIFT_DESTINATION_CONFIGURATION,
            "Tags": TAG_DELIVERY_STREAM_INPUT_TAG_LIST,
        },
    ),
    "DeleteDeliveryStream": Structure(
        ("DeliveryStreamName",), {"DeliveryStreamName": DELIVERY_STREAM_NAME, "AllowForceDelete": BOOLEAN}
    ),
    "DescribeDeliveryStream": Structure(
        ("DeliveryStreamName",),
        {
            "DeliveryStreamName": DELIVERY_STREAM_NAME,
            "Limit": Integer(1, 10000),
            "ExclusiveStartDestinationId": DESTINATION_ID,
        },
    ),
    "ListDeliveryStreams": Structure(
        (),
        {
            "Limit": Integer(1, 10000),
            "DeliveryStreamType": DELIVERY_STREAM_TYPE,
            "ExclusiveStartDeliveryStreamName": DELIVERY_STREAM_NAME,
        },
    ),
    "ListTagsForDeliveryStream": Structure(
        ("DeliveryStreamName",),
        {"DeliveryStreamName": DELIVERY_STREAM_NAME, "ExclusiveStartTagKey": TAG_KEY, "Limit": Integer(1, 50)},
    ),
    "PutRecord": Structure(
        ("DeliveryStreamName", "Record"), {"DeliveryStreamName": DELIVERY_STREAM_NAME, "Record": RECORD}
    ),
    "PutRecordBatch": Structure(
        ("DeliveryStreamName", "Records"),
        {"DeliveryStreamName": DELIVERY_STREAM_NAME, "Records": PUT_RECORD_BATCH_REQUEST_ENTRY_LIST},
    ),
    "TagDeliveryStream": Structure(
        ("DeliveryStreamName", "Tags"),
        {"DeliveryStreamName": DELIVERY_STREAM_NAME, "Tags": TAG_DELIVERY_STREAM_INPUT_TAG_LIST},
    ),
    "UntagDeliveryStream": Structure(
        ("DeliveryStreamName", "TagKeys"), {"DeliveryStreamName": DELIVERY_STREAM_NAME, "TagKeys": TAG_KEY_LIST}
    ),
    "UpdateDestination": Structure(
        ("DeliveryStreamName", "CurrentDeliveryStreamVersionId", "DestinationId"),
        {
            "DeliveryStreamName": DELIVERY_STREAM_NAME,
            "CurrentDeliveryStreamVersionId": DELIVERY_STREAM_VERSION_ID,
            "DestinationId": DESTINATION_ID,
            "S3DestinationUpdate": S3_DESTINATION_UPDATE,
            "ExtendedS3DestinationUpdate": EXTENDED_S3_DESTINATION_UPDATE,
            "RedshiftDestinationUpdate": REDSHIFT_DESTINATION_UPDATE,
        },
    ),
}

NOT_OFFERED = ("StartDeliveryStreamEncryption", "StopDeliveryStreamEncryption")
"""Operations."""

NOT_OFFERED_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "CreateDeliveryStream": (
        "ElasticsearchDestinationConfiguration",
        "AmazonopensearchserviceDestinationConfiguration",
        "SplunkDestinationConfiguration",
        "HttpEndpointDestinationConfiguration",
        "AmazonOpenSearchServerlessDestinationConfiguration",
        "MSKSourceConfiguration",
        "SnowflakeDestinationConfiguration",
        "IcebergDestinationConfiguration",
        "DatabaseSourceConfiguration",
    ),
    "UpdateDestination": (
        "ElasticsearchDestinationUpdate",
        "AmazonopensearchserviceDestinationUpdate",
        "SplunkDestinationUpdate",
        "HttpEndpointDestinationUpdate",
        "AmazonOpenSearchServerlessDestinationUpdate",
        "SnowflakeDestinationUpdate",
        "IcebergDestinationUpdate",
    ),
    "OrcSerDe": ("PaddingTolerance", "BloomFilterFalsePositiveProbability", "DictionaryKeyThreshold"),
}
"""By operation or structure: destinations and sources that a workspace has not, and numbers that only tune a file."""
