# Starts the emulator so that it never outlives its purpose. It leads a process group with the
# functions it runs. The whole group ends when the pipe at standard input closes: whoever started us
# ended, however it ended. A byte on that pipe means that somebody else stops us from now on: the
# group then ends when the file AIOPS_ALIVE is gone (`aiops local stop` removes it).
import hashlib
import itertools
import os
import shutil
import signal
import sys
import threading
import time


def end():
    shutil.rmtree(os.environ["AIOPS_RUN_DIR"], ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def watch():
    if os.read(0, 1):
        while os.path.exists(os.environ["AIOPS_ALIVE"]):
            time.sleep(0.2)
    end()


threading.Thread(target=watch, daemon=True).start()

from ministack.app import main  # noqa: E402  (only after the watch has started)
from ministack.services import ec2  # noqa: E402

# Instance ids follow from the order of their launch, so that two runs speak of the same hosts.
launched = itertools.count(1)
ec2._new_instance_id = lambda: "i-0" + hashlib.sha256(b"%d" % next(launched)).hexdigest()[:16]

sys.argv = ["ministack"]
main()
