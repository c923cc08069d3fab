/** Colours by meaning. Only this file knows chalk; whether there is colour at all is the caller's decision (color.ts). */
import { Chalk } from 'chalk';

export interface Style {
  readonly color: boolean;
  strong(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  link(text: string): string;
  heading(text: string): string;
  emphasis(text: string): string;
  strike(text: string): string;
  /** Code in a line, and types in code. */
  code(text: string): string;
  keyword(text: string): string;
  /** Names of functions. */
  name(text: string): string;
  /** Black on white whatever the palette, for what a camera reads. */
  paper(text: string): string;
}

export function createStyle(options: { readonly color: boolean }): Style {
  // The sixteen basic colours follow the user's own palette, light or dark.
  const chalk = new Chalk({ level: options.color ? 1 : 0 });
  return {
    color: options.color,
    strong: (text) => chalk.bold(text),
    dim: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
    link: (text) => chalk.underline(text),
    heading: (text) => chalk.bold.underline(text),
    emphasis: (text) => chalk.italic(text),
    strike: (text) => chalk.strikethrough(text),
    code: (text) => chalk.cyan(text),
    keyword: (text) => chalk.magenta(text),
    name: (text) => chalk.blue(text),
    paper: (text) => chalk.black.bgWhiteBright(text),
  };
}
