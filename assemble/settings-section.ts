type Data = Readonly<Record<string, string>>;
type Section = Readonly<Record<string, unknown>>;

/** Ends the parsing of settings; never leaves `parseSettings`. */
export class InvalidSettings extends Error {}

/** The JSON object under a key of the ConfigMap, or undefined when the key is absent. */
export function readSection(data: Data, key: string): Section | undefined {
  const text = data[key];
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidSettings(`unable to parse ${key} config json: not a JSON object`);
  return value as Section;
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value if it is a JSON object, else an empty one. */
export function asObject(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {};
}

/** Reads text fields of a section: `''` when absent, an error when the field holds something else. */
export function textReader(key: string, section: Section): (field: string) => string {
  return (field) => {
    const value = section[field] ?? '';
    if (typeof value !== 'string') throw new InvalidSettings(`unable to parse ${key} config json: ${field} is not a string`);
    return value;
  };
}
