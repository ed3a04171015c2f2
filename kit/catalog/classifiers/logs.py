"""Log files that need no telling: the grok patterns of Glue's built-in log classifiers, and of syslog.

Differs: Glue has no `syslog`; it takes such files for `linux_kernel` or for nothing. nginx writes Apache's combined
format and goes by that name.

Source: AWS Glue Developer Guide, Built-in classifiers; Apache HTTP Server, Log Files; Squid wiki, Log file formats;
Redis, MONITOR; RFC 3164, The BSD syslog Protocol; read 2026-11.
"""

from __future__ import annotations

from kit.catalog.classifiers.grok import GrokClassifier

_STAMP = "LOGSTAMP (?:%{SYSLOGTIMESTAMP}|%{TIMESTAMP_ISO8601})"

COMBINED_APACHE = GrokClassifier("combined_apache", "%{COMBINEDAPACHELOG}")
APACHE = GrokClassifier("apache", "%{COMMONAPACHELOG}")
LINUX_KERNEL = GrokClassifier(
    "linux_kernel",
    r"%{LOGSTAMP:timestamp} %{SYSLOGHOST:host} kernel: (?:\[ *%{NUMBER:uptime:double}\] )?%{GREEDYDATA:message}",
    _STAMP,
)
RUBY_LOGGER = GrokClassifier(
    "ruby_logger",
    r"[DFEWIUA], \[%{TIMESTAMP_ISO8601:timestamp} *#%{POSINT:pid:long}\] *%{RUBYLEVEL:loglevel} -- *%{DATA:progname}: "
    "%{GREEDYDATA:message}",
    "RUBYLEVEL (?:DEBUG|FATAL|ERROR|WARN|INFO|UNKNOWN|ANY)",
)
SQUID = GrokClassifier(
    "squid",
    r"%{NUMBER:timestamp:double} +%{INT:elapsed:long} %{IPORHOST:client} %{WORD:action}/%{INT:status:int} "
    r"%{INT:bytes:long} %{NOTSPACE:method} %{NOTSPACE:url} %{NOTSPACE:user} %{WORD:hierarchy}/%{NOTSPACE:peer} "
    "%{NOTSPACE:content_type}",
)
REDIS_MONITOR = GrokClassifier(
    "redismonlog",
    r'%{NUMBER:timestamp:double} \[%{INT:database:int} %{REDISCLIENT:client}\] "%{WORD:command}" ?'
    "%{GREEDYDATA:arguments}",
    r"REDISCLIENT (?:lua|unix:\S+|\[?[0-9A-Fa-f.:]+\]?:[0-9]+)",
)
REDIS = GrokClassifier(
    "redislog",
    r"%{POSINT:pid:long}:%{REDISROLE:role} %{REDISTIME:timestamp} %{REDISLEVEL:level} %{GREEDYDATA:message}",
    "REDISROLE [XCSM]\nREDISLEVEL [.*#-]\nREDISTIME %{MONTHDAY} %{MONTH} (?:%{YEAR} )?%{TIME}",
)
SYSLOG = GrokClassifier(
    "syslog",
    r"(?:<%{NONNEGINT:priority:int}>)?%{LOGSTAMP:timestamp} %{SYSLOGHOST:host} %{SYSLOGPROG}: ?%{GREEDYDATA:message}",
    _STAMP,
)
