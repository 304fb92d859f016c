/** The syntax tree of a template. `at` is the offset in its text, `source` the text of the node, for messages. */
export interface Located {
  readonly at: number;
  readonly source: string;
}

export type Operand = Located &
  (
    | { readonly is: 'dot' }
    | { readonly is: 'nil' }
    | { readonly is: 'literal'; readonly value: string | number | boolean }
    | { readonly is: 'field'; readonly path: readonly string[] }
    | { readonly is: 'variable'; readonly name: string; readonly path: readonly string[] }
    | { readonly is: 'function'; readonly name: string }
    | { readonly is: 'chain'; readonly of: Operand; readonly path: readonly string[] }
    | { readonly is: 'pipe'; readonly pipe: Pipe }
  );

export interface Command extends Located {
  readonly operands: readonly Operand[];
}

export interface Pipe extends Located {
  readonly variables: readonly string[];
  /** `$x = ...` instead of `$x := ...`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

export type Body = readonly Node[];

export type Node = Located &
  (
    | { readonly is: 'text'; readonly text: string }
    | { readonly is: 'action'; readonly pipe: Pipe }
    | { readonly is: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: Body; readonly otherwise: Body }
    | { readonly is: 'break' | 'continue' }
    | { readonly is: 'template'; readonly name: string; readonly pipe: Pipe | undefined }
  );

export interface Template {
  readonly text: string;
  readonly body: Body;
  /** Bodies of `define` and `block`, by name. */
  readonly definitions: ReadonlyMap<string, Body>;
}
