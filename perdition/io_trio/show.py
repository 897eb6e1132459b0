"""Option print_config, written to standard output; that something is hidden is said on standard error."""

from perdition.config.load import Config
from perdition.config.print import print_config
from perdition.config.values import Form
from perdition.io_trio import standard


def show_config(config: Config, program: str) -> int:
    """Print the configuration; give the exit status.

    Raises:
        ConfigError: the form has no way to say some of it.
        CannotWrite: standard output takes nothing.
    """
    common = config.common
    text, hidden = print_config(config, common.print_config or Form.AS_READ, secrets=common.show_secrets)
    standard.write(text)
    if hidden:
        names = " and ".join(hidden)
        standard.complain(f"{program}: hidden, for it may hold passwords: {names}; --show_secrets shows it")
    return 0
