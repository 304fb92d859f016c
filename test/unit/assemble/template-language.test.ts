import { expect } from 'chai';
import { executeTemplate } from '../../../assemble/template/evaluator.ts';
import { parseTemplate } from '../../../assemble/template/parser.ts';
import { type Shape, Typed } from '../../../assemble/template/values.ts';

const text: Shape = { kind: 'scalar', type: 'string', pointer: false, zero: '' };
const pointer: Shape = { kind: 'scalar', type: 'int32', pointer: true, zero: 0 };
const inner: Shape = {
  kind: 'struct',
  type: 'Inner',
  pointer: true,
  member: (name) => (name === 'Count' ? { shape: pointer, read: (data) => (data as { count?: number }).count } : undefined),
};
const members: Record<string, Shape> = {
  Name: text,
  Zero: pointer,
  Missing: pointer,
  Inner: inner,
  Nothing: inner,
  Flag: { kind: 'scalar', type: 'bool', pointer: false, zero: false },
  Map: { kind: 'map', type: 'map[string]string', values: text },
  Empty: { kind: 'map', type: 'map[string]string', values: text },
  List: { kind: 'list', type: '[]string', items: text },
  Free: { kind: 'opaque', type: '*runtime.RawExtension' },
};
const root: Shape = {
  kind: 'struct',
  type: 'struct { Name string }',
  pointer: false,
  member: (name) => {
    const shape = members[name];
    return shape && { shape, read: (data) => (data as Record<string, unknown>)[name] };
  },
};
const data = new Typed(root, {
  Name: 'qwen',
  Zero: 0,
  Inner: { count: 3 },
  Map: { b: '2', a: '1' },
  List: ['x', 'y', 'z'],
  Flag: true,
  Free: { a: 1 },
});

function render(source: string): string {
  const template = parseTemplate(source);
  if ('problem' in template) return `parse: ${template.problem}`;
  const result = executeTemplate(template, data);
  return typeof result === 'string' ? result : `execute: ${result.problem}`;
}

const raw = (value: string): string => `\`${value}\``;

describe('the template language (R2.65 - R2.68)', () => {
  const table: [string, string][] = [
    ['plain text', 'plain text'],
    ['{{ .Name }}', 'qwen'],
    ['{{.Name}}/{{.Name}}', 'qwen/qwen'],
    ['{{/* a comment */}}x', 'x'],
    ['a {{- /* trimmed */ -}} b', 'ab'],
    ['a  {{- .Name -}}  b', 'aqwenb'],
    ['a \\n  {{- .Name }}', 'a \\nqwen'],
    ['a \\\\\\n {{- if true }} b{{ end }}', 'a \\\\\\n b'],
    ['{{ 3 }}{{ -3 }}{{ 0x10 }}{{ 1_000 }}{{ 2.5 }}{{ 010 }}', '3-3161000' + '2.58'],
    ["{{ 'a' }}", '97'],
    ['{{ true }}{{ false }}', 'truefalse'],
    ['{{ "a\\tb" }}', 'a\tb'],
    [`{{ ${raw('a\\tb')} }}`, 'a\\tb'],
    ['{{ if .Name }}yes{{ end }}', 'yes'],
    ['{{if .Missing}}yes{{else}}no{{end}}', 'no'],
    ['{{ if .Missing }}a{{ else if .Name }}b{{ else }}c{{ end }}', 'b'],
    ['{{ if .Zero }}a non-null pointer to 0 is true{{ end }}', 'a non-null pointer to 0 is true'],
    ['{{ or .Zero 1 }}', '0'],
    ['{{ or .Missing 5555 }}', '5555'],
    ['{{ and .Name .Inner.Count }}', '3'],
    ['{{ and .Missing .Name }}', '<nil>'],
    ['{{ and .Nothing .Nothing.Count }}', '<nil>'],
    ['{{ if and .Nothing .Nothing.Count .Nothing.Count.X }}a{{ else }}b{{ end }}', 'b'],
    ['{{ or .Name .Nothing.Count }}', 'qwen'],
    ['{{ not .Missing }}', 'true'],
    ['{{ with .Inner }}{{ .Count }}{{ end }}', '3'],
    ['{{ with .Nothing }}a{{ else }}b{{ end }}', 'b'],
    ['{{ with .Nothing }}a{{ else with .Inner }}{{ .Count }}{{ end }}', '3'],
    ['{{ with $x := .Name }}{{ $x }}{{ $.Flag }}{{ end }}', 'qwentrue'],
    ['{{ $x := .Name }}{{ $x }}{{ $x = 3 }}{{ $x }}', 'qwen3'],
    ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
    ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}', '1'],
    ['{{ range .List }}[{{ . }}]{{ end }}', '[x][y][z]'],
    ['{{ range $i, $e := .List }}{{ $i }}={{ $e }} {{ end }}', '0=x 1=y 2=z '],
    ['{{ range $k, $v := .Map }}{{ $k }}{{ $v }}{{ end }}', 'a1b2'],
    ['{{ range .Empty }}a{{ else }}none{{ end }}', 'none'],
    ['{{ range $i := 3 }}{{ $i }}{{ end }}', '012'],
    ['{{ range .List }}{{ if eq . `y` }}{{ continue }}{{ end }}{{ . }}{{ end }}', 'xz'],
    ['{{ range .List }}{{ if eq . `y` }}{{ break }}{{ end }}{{ . }}{{ end }}', 'x'],
    ['{{ define `t` }}<{{ . }}>{{ end }}{{ template `t` .Name }}', '<qwen>'],
    ['{{ block `t` .Name }}<{{ . }}>{{ end }}', '<qwen>'],
    ['{{ .Name | printf `%s-%s` `a` }}', 'a-qwen'],
    ['{{ (index .List 1) | len }}', '1'],
    ['{{ ((.Inner)).Count }}', '3'],
    ['{{ (.Inner).Count }}', '3'],
    ['{{ len .List }}{{ len .Map }}{{ len .Name }}', '324'],
    ['{{ index .Map `a` }}{{ index .Map `zz` }}', '1'],
    ['{{ .Map.a }}', '1'],
    ['{{ index .List 2 }}', 'z'],
    ['{{ slice .List 1 }}{{ slice .Name 1 3 }}', '[y z]we'],
    ['{{ print 1 2 `a` `b` 3 }}', '1 2a' + 'b3'],
    ['{{ println `a` 1 }}', 'a 1\n'],
    ['{{ printf `%05d|%-4s|%q|%v|%t|%%|%x|%.2f` 42 `a` `q` .Name true 255 1.5 }}', '00042|a   |"q"|qwen|true|%|ff|1.50'],
    ["{{ html `<a&b>` }}{{ urlquery `a b&c` }}{{ js `it's` }}", "&lt;a&amp;b&gt;a+b%26cit\\'s"],
    ['{{ eq 1 1 }}{{ eq .Name `a` `qwen` }}{{ ne 1 2 }}{{ lt 1 2 }}{{ le 2 2 }}{{ gt `b` `a` }}{{ ge 1 2 }}', 'truetruetruetruetruetruefalse'],
    ['{{ eq .Inner.Count 3 }}', 'true'],
    ['{{ eq .Missing nil }}', 'true'],
    ['{{ .Missing }}', '<nil>'],
    ['{{ .Zero }}', '0'],
    ['{{ .Map }}{{ .List }}', 'map[a:1 b:2][x y z]'],
  ];
  for (const [source, expected] of table) it(source, () => expect(render(source)).to.equal(expected));
});

describe('problems of templates', () => {
  const table: [string, string][] = [
    ['{{ .Name', 'parse: unclosed action'],
    ['{{ if .Name }}', 'parse: unexpected EOF'],
    ['{{ end }}', 'parse: unexpected {{end}}'],
    ['{{ else }}', 'parse: unexpected {{else}}'],
    ['{{ }}', 'parse: missing value for command'],
    ['{{ nope }}', 'parse: function "nope" not defined'],
    ['{{ $x }}', 'parse: undefined variable "$x"'],
    ['{{ .Name \\"x\\" }}', 'parse: unexpected "\\\\" in operand'],
    ['{{ print `a }}', 'parse: unterminated raw quoted string'],
    ['{{ /* }}', 'parse: unexpected "/" in command'],
    ['{{/* }}', 'parse: unclosed comment'],
    ['{{ (.Name }}', 'parse: unclosed left paren'],
    ['{{ .Name) }}', 'parse: unexpected right paren'],
    ['{{ break }}', 'parse: {{break}} outside {{range}}'],
    ['{{ 1a }}', 'parse: bad number syntax: "1a"'],
    ['{{ .Name | 3 }}', 'parse: non executable command in pipeline stage 2'],
    [
      '{{ .NonExisting }}',
      `execute: template: config:1:3: executing "config" at <.NonExisting>: can't evaluate field NonExisting in type struct { Name string }`,
    ],
    ['ab{{ .Name.First }}', `execute: template: config:1:5: executing "config" at <.Name.First>: can't evaluate field First in type string`],
    ['{{ .Nothing.Count }}', 'execute: template: config:1:3: executing "config" at <.Nothing.Count>: nil pointer evaluating *Inner.Count'],
    ['{{ .Inner.Nope }}', `execute: template: config:1:3: executing "config" at <.Inner.Nope>: can't evaluate field Nope in type Inner`],
    ['{{ .Free.a }}', `execute: template: config:1:3: executing "config" at <.Free.a>: can't evaluate field a in type *runtime.RawExtension`],
    ['{{ .Map.zz }}', 'execute: template: config:1:3: executing "config" at <.Map.zz>: map has no entry for key "zz"'],
    ['{{ index .List 7 }}', 'execute: template: config:1:3: executing "config" at <index>: error calling index: index out of range: 7'],
    ['{{ not 1 2 }}', 'execute: template: config:1:3: executing "config" at <not>: wrong number of args for not: want 1 got 2'],
    ['{{ .Name 1 }}', 'execute: template: config:1:3: executing "config" at <.Name>: Name has arguments but cannot be invoked as function'],
    ['{{ nil }}', 'execute: template: config:1:3: executing "config" at <nil>: nil is not a command'],
    ['{{ eq 1 `a` }}', 'execute: template: config:1:3: executing "config" at <eq>: error calling eq: incompatible types for comparison'],
    ['{{ template `gone` }}', 'execute: template: config:1:3: executing "config" at <template>: template "gone" not defined'],
    ['{{ call .Name }}', 'execute: template: config:1:3: executing "config" at <call>: error calling call: non-function of type string'],
    [
      '{{ define `t` }}{{ template `t` }}{{ end }}{{ template `t` }}',
      'execute: template: config:1:19: executing "config" at <template>: exceeded maximum template depth',
    ],
  ];
  for (const [source, expected] of table) it(source, () => expect(render(source)).to.equal(expected));
});

describe('bounds of templates, which come from tenants', () => {
  const doubling = (times: number): string => `{{ $x := printf \`%9999s\` \`\` }}${'{{ $x = printf `%s%s` $x $x }}'.repeat(times)}{{ $x }}`;
  it('the result', () => expect(render(doubling(60))).to.include('the result is longer than'));
  it('widths', () => expect(render('{{ printf `%999999999d` 1 }}')).to.equal('%!(BADWIDTH)'));
  it('calls that multiply', () => {
    const level = (i: number): string => `{{ define \`t${i}\` }}{{ template \`t${i + 1}\` }}{{ template \`t${i + 1}\` }}{{ end }}`;
    const levels = Array.from({ length: 40 }, (_, i) => level(i)).join('');
    expect(render(`${levels}{{ define \`t40\` }}{{ end }}{{ template \`t0\` }}`)).to.include('takes more than 200000 steps');
  });
});
