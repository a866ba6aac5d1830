"""Start a web server to judge, with the two files that the profile needs.

    python3 servers.py NAME PORT FOLDER

NAME is a key of SERVERS below; the configuration and the document root are written to FOLDER, which
must be empty. The server replaces this program (exec), so that it gets signals directly.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

NGINX = """
daemon off; {user} pid {folder}/nginx.pid; error_log stderr; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""

LIGHTTPD = """
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{root}"
mimetype.assign = ( ".txt" => "text/plain", "" => "application/octet-stream" )
"""

APACHE = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
DocumentRoot {root}
<Directory {root}>
Require all granted
</Directory>
"""

CADDY = """
{{
  admin off
  auto_https off
  storage file_system {folder}/caddy
}}
http://:{port} {{
  bind 127.0.0.1
  root * {root}
  file_server
}}
"""

NODE = """
const fs = require("fs"), http = require("http"), path = require("path");
http.createServer((request, response) => {{
  request.resume();
  const file = path.join("{root}", path.basename(request.url));
  if (request.method !== "GET" && request.method !== "HEAD") {{
    response.writeHead(405, {{ Allow: "GET, HEAD" }}).end();
  }} else if (!fs.existsSync(file) || !fs.statSync(file).isFile()) {{
    response.writeHead(404).end();
  }} else {{
    response.writeHead(200, {{ "Content-Length": fs.statSync(file).size }});
    if (request.method === "HEAD") response.end();
    else fs.createReadStream(file).pipe(response);
  }}
}}).listen({port}, "127.0.0.1");
"""

#: As "python -m http.server --protocol HTTP/1.1" does, which only Python 3.11 and later has.
PYTHON = """
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

SimpleHTTPRequestHandler.protocol_version = "HTTP/1.1"
handler = partial(SimpleHTTPRequestHandler, directory={root!r})
ThreadingHTTPServer(("127.0.0.1", {port}), handler).serve_forever()
"""

#: Name -> the name of the file of configuration, its text, and the command.
SERVERS = {
    "nginx": ("nginx.conf", NGINX, "nginx -p {folder} -c {config} -e stderr"),
    "lighttpd": ("lighttpd.conf", LIGHTTPD, "lighttpd -D -f {config}"),
    "apache": ("apache.conf", APACHE, "apache2 -D FOREGROUND -d {folder} -f {config}"),
    "caddy": ("Caddyfile", CADDY, "caddy run --adapter caddyfile --config {config}"),
    "node": ("server.js", NODE, "node {config}"),
    "python": ("server.py", PYTHON, "{python} {config}"),
}


def main(name: str, port: str, folder: str) -> None:
    """Write the server's files, and execute the server."""
    root = Path(folder) / "root"
    root.mkdir(exist_ok=True)
    (root / "hello.txt").write_bytes(b"Hello, world!\n")
    (root / "bytes.bin").write_bytes(bytes(range(256)) * 4096)
    file, text, command = SERVERS[name]
    values = {
        "port": port,
        "folder": folder,
        "root": str(root),
        "config": Path(folder) / file,
        "modules": "/usr/lib/apache2/modules",
        "python": sys.executable,
        # Workers that run as another user could not read this user's temporary folder.
        "user": "user root;" if os.geteuid() == 0 else "",
    }
    Path(folder, file).write_text(text.format_map(values))
    words = [word.format_map(values) for word in command.split()]
    os.execvp(words[0], words)


if __name__ == "__main__":
    main(*sys.argv[1:])
