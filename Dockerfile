# pync, where socat or netcat would be used:
#   docker build -t pync . && docker run --rm --network host pync -zv localhost 22
#   docker build -t pync --build-arg EXTRAS='[full]' .
FROM python:3.13-alpine AS build
ARG EXTRAS=
WORKDIR /source
COPY . .
RUN python -m venv /opt/pync \
 && /opt/pync/bin/pip install --no-cache-dir ".${EXTRAS}" \
 && /opt/pync/bin/pip uninstall --yes pip \
 && find /opt/pync -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/pync/bin/python -m compileall -q /opt/pync/lib \
 && /opt/pync/bin/pync install-links /opt/pync/bin

FROM python:3.13-alpine
COPY --from=build /opt/pync /opt/pync
ENV PATH=/opt/pync/bin:$PATH
USER nobody
ENTRYPOINT ["pync"]
CMD ["--help"]
