"""Where the owner is found: a socket and a note that are the user's alone, and are gone with the owner."""

import socket
import stat
import tempfile
from pathlib import Path

import pytest

from kit.warehouse.sharing import rendezvous
from kit.warehouse.sharing.rendezvous import PATH_BYTES, Note, accept, listen, read_note, sweep


def note_of(path: str, port: int) -> Note:
    return Note(123, 456, path, port, b"k" * 32)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def reaches(note: Note, listening: socket.socket) -> bool:
    client = note.connect(5)
    server = accept(listening)
    client.sendall(b"hello")
    heard = server.recv(5)
    client.close()
    server.close()
    return heard == b"hello"


def test_the_socket_is_in_the_cluster_s_folder_and_private(short: Path) -> None:
    listening, path, port = listen(short)

    assert (Path(path), port) == (short / "owner.sock", 0)
    assert mode(Path(path)) == 0o600
    assert reaches(note_of(path, port), listening)
    listening.close()


def test_a_folder_with_a_long_path_has_its_socket_elsewhere_and_private(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()

    listening, path, port = listen(folder)

    assert len(path) <= PATH_BYTES
    assert port == 0
    assert mode(Path(path).parent) == 0o700
    assert reaches(note_of(path, port), listening)
    listening.close()
    note_of(path, port).remove(folder)
    assert not Path(path).parent.exists()


def test_without_unix_sockets_a_loopback_port_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")

    listening, path, port = listen(tmp_path)

    assert path == ""
    assert listening.getsockname() == ("127.0.0.1", port)
    assert reaches(note_of(path, port), listening)
    listening.close()


def test_a_file_system_without_sockets_leads_to_the_temporary_folder(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = rendezvous._listening

    def refusing(made: socket.socket, address: str | tuple[str, int]) -> socket.socket:
        if address == str(short / "owner.sock"):
            made.close()
            raise OSError("Operation not supported")
        return bind(made, address)

    monkeypatch.setattr(rendezvous, "_listening", refusing)

    listening, path, port = listen(short)

    assert Path(path).parent.parent == Path(tempfile.gettempdir())
    assert reaches(note_of(path, port), listening)
    listening.close()
    note_of(path, port).remove(short)


def test_a_note_is_private_and_read_as_it_was_written(tmp_path: Path) -> None:
    note = note_of("/x/owner.sock", 0)

    note.write(tmp_path)

    assert read_note(tmp_path) == note
    assert mode(tmp_path / "owner") == 0o600
    assert "kkkk" not in repr(note)


@pytest.mark.parametrize(
    "content", ["", "123", "{", "{}", '{"pid":1,"since_ms":1,"path":"","port":1,"secret":"00"}', "\x00\xff"]
)
def test_what_is_no_note_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "owner").write_bytes(content.encode("latin-1"))

    assert read_note(tmp_path) is None


def test_a_missing_note_is_none(tmp_path: Path) -> None:
    assert read_note(tmp_path) is None


def test_what_a_killed_owner_left_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    listening, path, port = listen(folder)
    note_of(path, port).write(folder)
    listening.close()

    sweep(folder)

    assert not Path(path).exists()
    assert not Path(path).parent.exists()
    assert list(folder.iterdir()) == []


def test_sweeping_removes_nothing_that_no_owner_made(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    note_of(str(precious), 0).write(cluster)

    sweep(cluster)

    assert precious.read_text() == "keep"


def test_a_socket_can_be_made_again_where_a_killed_owner_left_its_own(short: Path) -> None:
    first, _, _ = listen(short)
    first.close()
    sweep(short)

    second, path, _ = listen(short)

    assert Path(path) == short / "owner.sock"
    second.close()
