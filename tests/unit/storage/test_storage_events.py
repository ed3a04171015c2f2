"""Who is told when objects come and go."""

from kit.storage import ObjectEvent, Storage


def test_a_listener_is_told_of_every_object_that_comes_or_goes(storage: Storage) -> None:
    told: list[tuple[str, str]] = []
    storage.subscribe(lambda event: told.append((event.name, event.uri)))
    storage.put("s3://lake/a/1", b"x")
    storage.copy("s3://lake/a/1", "s3://lake/a/b/2")
    storage.delete("s3://lake/a/1")
    storage.delete("s3://lake/a/none")
    with storage.staging() as stage:
        stage.path("s3://lake/c/3").write_bytes(b"x")
        stage.path("s3://lake/c/4").write_bytes(b"x")
        assert told[-1] == ("ObjectRemoved", "s3://lake/a/1")
        stage.publish()
    with storage.staging() as stage:
        stage.path("s3://lake/d/5").write_bytes(b"x")
    storage.delete_prefix("s3://lake/")
    assert told == [
        ("ObjectCreated", "s3://lake/a/1"),
        ("ObjectCreated", "s3://lake/a/b/2"),
        ("ObjectRemoved", "s3://lake/a/1"),
        ("ObjectCreated", "s3://lake/c/3"),
        ("ObjectCreated", "s3://lake/c/4"),
        ("ObjectRemoved", "s3://lake/a/b/2"),
        ("ObjectRemoved", "s3://lake/c/3"),
        ("ObjectRemoved", "s3://lake/c/4"),
    ]


def test_who_is_told_sees_the_change_and_can_stop_listening(storage: Storage) -> None:
    seen: list[bool] = []

    def listen(event: ObjectEvent) -> None:
        seen.append(storage.exists(event.uri))

    stop = storage.subscribe(listen)
    storage.put("s3://lake/a", b"x")
    storage.delete("s3://lake/a")
    stop()
    storage.put("s3://lake/a", b"x")
    assert seen == [True, False]
