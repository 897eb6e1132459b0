"""What the page of the daemon map says is what the proxy and perdition-mapd do."""

import shlex
from pathlib import Path
from typing import Final

from perdition.maps.registry import BUILT_IN
from tests.docs.test_map_pages import PAGES, block, rows
from tests.map_tool.command import perdition_map
from tests.mapd.running import mapd

PAGE: Final = (PAGES / "daemon.md").read_text()
ETC: Final = "/etc/perdition/"
RUN: Final = "/var/run/"


def test_the_configuration_sends_users_where_the_page_says(tmp_path: Path) -> None:
    def here(text: str) -> str:
        return text.replace(ETC, f"{tmp_path}/").replace(RUN, f"{tmp_path}/")

    (tmp_path / "perdition.toml").write_text(here(block(PAGE, "toml")))
    given = block(PAGE, "text").encode()
    assert perdition_map("build", "sqlite", tmp_path / "popmap.sqlite", given=given).status == 0
    program, option, socket, *options = shlex.split(here(block(PAGE, "sh")))
    assert (program, option) == ("perdition-mapd", "--socket")
    users = rows(PAGE)
    with mapd(Path(socket), *options):
        done = {user: perdition_map("lookup", "--config_file", tmp_path / "perdition.toml", user) for user, *_ in users}

    assert len(users) == 4
    for user, server, port, name in users:
        said = done[user].out.decode().splitlines()

        assert said[1:] == [f"server: {server}", f"port: {port}", f"user: {name}"]
        assert done[user].status == (3 if user == "zoe" else 0)


def test_the_page_names_the_default() -> None:
    assert f'map_library_opt = "{BUILT_IN["daemon"].default}"' in PAGE
