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

/** The first document of a YAML or JSON text, read by YAML 1.1 rules; undefined when it cannot be read (R4.36). */
export function readYaml(text: string): unknown {
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
  return stringify(value, {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    sortMapEntries: true,
    indentSeq: false,
    singleQuote: false,
    blockQuote: 'literal',
  });
}
