import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";

type Shell = "bash" | "zsh" | "fish";

/** `oracle-miner completion SHELL`: prints a script; `of` is the program whose commands it completes. */
export function completionCommand(of: () => Command): Command {
  return new Command("completion")
    .argument("<shell>", "bash, zsh or fish")
    .description("print a script that completes commands and flags: source it in your shell's start-up file")
    .action((shell: string) => {
      console.log(completionScript(of(), shellOf(shell)));
    });
}

function shellOf(shell: string): Shell {
  if (shell === "bash" || shell === "zsh" || shell === "fish") return shell;
  throw new GristmillError("SHELL_UNKNOWN", `there are no completions for ${shell}`, { hints: ["bash, zsh or fish"] });
}

/** A program's commands with the words that may follow each: sub-commands, then flags. */
function wordsOf(command: Command, path: readonly string[] = []): [path: string, words: string[]][] {
  const flags = command.options.flatMap(({ long }) => (long === undefined ? [] : [long]));
  const own: [string, string[]] = [
    path.join(" "),
    [...command.commands.map((child) => child.name()), ...flags, "--help"],
  ];
  return [own, ...command.commands.flatMap((child) => wordsOf(child, [...path, child.name()]))];
}

/** A completion script made from the program's own description, so that it cannot miss a flag. */
export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const table = wordsOf(program);
  if (shell === "fish")
    return table
      .flatMap(([path, words]) => {
        const seen =
          path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1) ?? ""}`;
        return words.map((word) =>
          word.startsWith("--")
            ? `complete -c ${name} -n '${seen}' -l ${word.slice(2)}`
            : `complete -c ${name} -f -n '${seen}' -a ${word}`,
        );
      })
      .join("\n");
  const cases = table.map(([path, words]) => `    "${path}") words="${words.join(" ")}" ;;`).join("\n");
  const script = `_${name.replaceAll("-", "_")}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case " ${table.map(([path]) => path.split(" ").at(-1)).join(" ")} " in *" $word "*) path="\${path:+$path }$word" ;; esac ;; esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name.replaceAll("-", "_")} ${name}`;
  return shell === "zsh" ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script;
}
