"""The one entry: makes what mlbench needs on this machine, then starts it.

Run it with any Python 3.10 or newer: ``python3 entrypoint.py [ARGUMENTS]``. This file alone must be
readable to older Pythons, so that they can say what is wrong; everything else is in mlbench/setup.
"""

import os
import sys

if sys.version_info < (3, 10):
    sys.stderr.write(
        "mlbench: needs Python 3.10 or newer, this is {0}.{1} ({2}); "
        "run it as `python3.11 entrypoint.py` or install a newer Python\n".format(
            sys.version_info[0], sys.version_info[1], sys.executable
        )
    )
    sys.exit(4)
if os.name != "posix":
    sys.stderr.write("mlbench: runs on Linux and macOS; on Windows use it inside WSL\n")
    sys.exit(4)

if __name__ == "__main__":
    from mlbench.cli.bootstrap import main

    sys.exit(main(sys.argv[1:]))
