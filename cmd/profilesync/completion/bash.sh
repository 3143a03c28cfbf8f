_profilesync() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        # bash takes --flag= for a word that is done
        [[ ${COMP_WORDS[COMP_CWORD]} == --*=* ]] || line=${line#--*=}
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _profilesync profilesync
