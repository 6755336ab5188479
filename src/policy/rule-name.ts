/** A rule as records name it: file and JSON pointer, such as `strict.json#/syscalls/forbid/2`. */

/** The name of the file, in which there may be a `#` as well; in no pointer is one. */
export const fileOfRule = (rule: string): string => rule.slice(0, rule.lastIndexOf('#'));

/** Where in the file the rule stands. */
export const pointerOfRule = (rule: string): string => rule.slice(rule.lastIndexOf('#') + 1);
