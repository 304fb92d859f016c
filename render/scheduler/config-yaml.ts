import { parseAllDocuments, stringify } from 'yaml';

/** YAML 1.1 tags that Kubernetes' readers do not apply: dates and times stay strings (R4.36a). */
const stringTags = [
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:binary',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:set',
];
const isSexagesimal = (tag: object): boolean => 'format' in tag && tag.format === 'TIME';

/** Texts and values that are remembered in each direction; most services have one of very few configs. */
const REMEMBERED = 256;

/** What was worked out before for a key, else what comes out now. Nobody may change what is remembered. */
function remembered<T>(known: Map<string, { readonly value: T }>, key: string, compute: () => T): T {
  const found = known.get(key) ?? { value: compute() };
  if (known.size >= REMEMBERED) known.clear();
  known.set(key, found);
  return found.value;
}

const parsed = new Map<string, { readonly value: unknown }>();
const written = new Map<string, { readonly value: string }>();

/** The first document of a YAML or JSON text, read by YAML 1.1 rules; undefined when it cannot be read (R4.36). */
export function readYaml(text: string): unknown {
  return remembered(parsed, text, () => parseYaml(text));
}

function parseYaml(text: string): unknown {
  try {
    const [document] = parseAllDocuments(text, {
      version: '1.1',
      uniqueKeys: false,
      logLevel: 'silent',
      customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !(stringTags.includes(tag.tag) || isSexagesimal(tag))),
    });
    if (document === undefined || document.errors.length > 0) return undefined;
    return document.toJS();
  } catch {
    return undefined;
  }
}

/**
 * A value as block-style YAML with sorted keys. Strings that YAML 1.1 would read as something else are in double quotes;
 * lines are not folded, nothing is written as an anchor. Reading and writing the result again gives the same bytes (R4.36a).
 */
export function writeYaml(value: unknown): string {
  return remembered(written, JSON.stringify(value, exactNumbers), () =>
    stringify(value, {
      version: '1.1',
      lineWidth: 0,
      aliasDuplicateObjects: false,
      sortMapEntries: true,
      indentSeq: false,
      singleQuote: false,
      blockQuote: 'literal',
    }),
  );
}

/** Numbers that YAML has and JSON has not. */
function exactNumbers(_: string, value: unknown): unknown {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? ['number', Object.is(value, -0) ? '-0' : String(value)]
    : value;
}
