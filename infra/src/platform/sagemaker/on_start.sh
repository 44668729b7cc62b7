#!/bin/bash
# Stops this notebook after an hour without activity.
set -eu
cat > /usr/local/bin/stop-when-idle <<'S'
#!/usr/bin/env python3
import datetime, json, subprocess, urllib.request
limit = datetime.timedelta(hours=1)
now = datetime.datetime.now(datetime.timezone.utc)
with urllib.request.urlopen("http://localhost:8888/api/status", timeout=10) as answer:
    status = json.load(answer)
last = datetime.datetime.fromisoformat(status["last_activity"].replace("Z", "+00:00"))
if status["kernels"] == 0 and now - last > limit:
    subprocess.run(["shutdown", "-h", "now"], check=False)
S
chmod 755 /usr/local/bin/stop-when-idle
echo '*/5 * * * * root /usr/local/bin/stop-when-idle' > /etc/cron.d/stop-when-idle
