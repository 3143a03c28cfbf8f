_profilesync() {
    local line
    local -a words_offered
    while IFS= read -r line; do
        words_offered+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#words_offered} )); then
        _describe 'profilesync' words_offered
    else
        _files
    fi
}
compdef _profilesync profilesync
