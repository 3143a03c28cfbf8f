function __profilesync_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c profilesync -n 'count (__profilesync_complete) >/dev/null' -f -a '(__profilesync_complete)'
