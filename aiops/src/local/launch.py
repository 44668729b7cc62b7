# Starts the emulator so that it never outlives its purpose. It leads a process group with the
# functions it runs; the whole group ends when
#   AIOPS_WATCH=stdin  the pipe at standard input closes: whoever started us ended, however it ended;
#   AIOPS_WATCH=file   the file AIOPS_ALIVE is gone: `aiops local stop` removed it.
import os
import shutil
import signal
import sys
import threading
import time


def end():
    shutil.rmtree(os.environ["AIOPS_RUN_DIR"], ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def watch_stdin():
    while os.read(0, 1024):
        pass
    end()


def watch_file(path):
    while os.path.exists(path):
        time.sleep(0.2)
    end()


if os.environ["AIOPS_WATCH"] == "stdin":
    target, arguments = watch_stdin, ()
else:
    target, arguments = watch_file, (os.environ["AIOPS_ALIVE"],)
threading.Thread(target=target, args=arguments, daemon=True).start()

from ministack.app import main  # noqa: E402  (only after the watch has started)

sys.argv = ["ministack"]
main()
