/* completion: the scripts with which shells complete what is typed; what may follow, they ask
 * `fogctl __complete` (tools/fogctl/complete.h). */
#include "tools/fogctl/fogctl.h"

#include <stdio.h>

static int completion(struct fogctl *fogctl, struct texts *words);

const struct verb verb_completion = {
    "completion",
    "print the script with which a shell completes what is typed",
    "completion bash|zsh|fish",
    "  . <(fogctl completion bash)\n"
    "  fogctl completion zsh >~/.zsh/functions/_fogctl    # a folder of $fpath\n"
    "  fogctl completion fish >~/.config/fish/completions/fogctl.fish\n",
    NULL,
    completion,
};

/* bash takes words apart at "=" and ":"; they are put together for the question, and what stands
 * before the last part is cut off the answers. */
static const char bash[] =
    "# Completion of fogctl for bash: fogctl completion bash\n"
    "_fogctl() {\n"
    "  local words=() word before='' line candidate i\n"
    "  for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "    word=${COMP_WORDS[i]}\n"
    "    if ((${#words[@]} > 0)) && [[ $word == [=:] || $before == [=:] ]]; then\n"
    "      words[-1]+=$word\n"
    "    else\n"
    "      words+=(\"$word\")\n"
    "    fi\n"
    "    before=$word\n"
    "  done\n"
    "  local last=${words[-1]-} current=${COMP_WORDS[COMP_CWORD]}\n"
    "  [[ $current != [=:] ]] || current=\n"
    "  local cut=${last%\"$current\"}\n"
    "  COMPREPLY=()\n"
    "  while IFS= read -r line; do\n"
    "    if [[ $line == :files ]]; then\n"
    "      compopt -o filenames 2>/dev/null\n"
    "      mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\")\n"
    "      continue\n"
    "    fi\n"
    "    candidate=${line%%$'\\t'*}\n"
    "    COMPREPLY+=(\"${candidate#\"$cut\"}\")\n"
    "    [[ $candidate != *[=/] ]] || compopt -o nospace 2>/dev/null\n"
    "  done < <(\"$1\" __complete \"${words[@]}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _fogctl fogctl\n";

static const char zsh[] =
    "#compdef fogctl\n"
    "# Completion of fogctl for zsh: fogctl completion zsh\n"
    "_fogctl() {\n"
    "  local line word\n"
    "  local -a whole open about\n"
    "  for line in \"${(@f)$(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "    word=${line%%$'\\t'*}\n"
    "    if [[ $line == :files ]]; then\n"
    "      _files\n"
    "    elif [[ $word == *[=/] ]]; then\n"
    "      open+=(\"$word\")\n"
    "    elif [[ -n $word ]]; then\n"
    "      whole+=(\"$word\") about+=(\"$word  -- ${line#*$'\\t'}\")\n"
    "    fi\n"
    "  done\n"
    "  (( $#whole )) && compadd -l -d about -a whole\n"
    "  (( $#open )) && compadd -S '' -a open\n"
    "}\n"
    "if [[ $funcstack[1] == _fogctl ]]; then _fogctl \"$@\"; else compdef _fogctl fogctl; fi\n";

static const char fish[] = "# Completion of fogctl for fish: fogctl completion fish\n"
                           "function __fogctl_complete\n"
                           "  set -l words (commandline -opc) (commandline -ct)\n"
                           "  for line in ($words[1] __complete $words[2..] 2>/dev/null)\n"
                           "    if test \"$line\" = :files\n"
                           "      __fish_complete_path (commandline -ct)\n"
                           "    else\n"
                           "      echo $line\n"
                           "    end\n"
                           "  end\n"
                           "end\n"
                           "complete -c fogctl -f -a '(__fogctl_complete)'\n";

static int completion(struct fogctl *fogctl, struct texts *words)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    (void)fogctl;
    for (size_t i = 0; words->count == 1 && i < COUNT_OF(scripts); i++) {
        if (str_eq(words->items[0], scripts[i].shell)) {
            fputs(scripts[i].script, stdout);
            return EXIT_DONE;
        }
    }
    if (words->count == 1 && word_is_near(&verb_completion, words->items[0])) {
        return EXIT_USAGE;
    }
    return usage_error(&verb_completion, "for which shell? bash, zsh or fish");
}
