# Completion of chronyc for bash; goes to /usr/share/bash-completion/completions/chronyc.
#
# chronyc itself knows which words may follow, sources of the running daemon included.

_chronyc()
{
    local cur=${COMP_WORDS[COMP_CWORD]} line="" i cword words=() daemon=()
    if declare -F _get_comp_words_by_ref >/dev/null; then
        # IPv6 addresses have colons, which break words.
        _get_comp_words_by_ref -n : cur words cword
    else
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
    fi
    COMPREPLY=()
    case ${words[cword - 1]} in
    -h | -p | -K) return ;;
    -f | -k)
        COMPREPLY=($(compgen -f -- "$cur"))
        return
        ;;
    -u)
        COMPREPLY=($(compgen -u -- "$cur"))
        return
        ;;
    esac
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        -h | -p)
            [ -z "$line" ] && daemon+=("${words[i]}" "${words[i + 1]}")
            ((i++))
            ;;
        -f | -u | -k | -K) ((i++)) ;;
        -*) [ -n "$line" ] && line+="${words[i]} " ;;
        *) line+="${words[i]} " ;;
        esac
    done
    if [ -z "$line" ] && [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "-4 -6 -n -N -c -j --json -e -w -m -h -p -k -K -u -v --follow --hints --version
            --help" -- "$cur"))
        return
    fi
    # Not through word splitting: what a daemon calls its sources is not for the shell to expand.
    mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" "${daemon[@]}" --complete "$line$cur" 2>/dev/null)
    declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
}
complete -F _chronyc chronyc
