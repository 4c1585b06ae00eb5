# expect.bash - what a test complains about, gathered until its end; sourced. `complaints` is empty as
# long as all is well; who uses it tells the result and empties it.
complaints=
expect() { # TEXT COMMAND...: the command has to succeed
    local text=$1
    shift
    "$@" >/dev/null 2>&1 || complaints="$complaints; $text"
}
refuse() { # TEXT COMMAND...: the command has to fail
    local text=$1
    shift
    "$@" >/dev/null 2>&1 && complaints="$complaints; $text"
}
