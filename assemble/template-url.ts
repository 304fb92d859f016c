import type { Shape, StructShape } from './template/values.ts';

const pattern = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

interface UrlParts {
  readonly Scheme: string;
  readonly Opaque: string;
  readonly Host: string;
  readonly Path: string;
  readonly RawQuery: string;
  readonly Fragment: string;
}

function parts(url: unknown): UrlParts {
  const [, scheme = '', host, rest = '', query = '', fragment = ''] = pattern.exec(String(url ?? '')) ?? [];
  const opaque = scheme !== '' && host === undefined && !rest.startsWith('/');
  return {
    Scheme: scheme.toLowerCase(),
    Opaque: opaque ? rest : '',
    Host: host ?? '',
    Path: opaque ? '' : decoded(rest),
    RawQuery: query,
    Fragment: decoded(fragment),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const part: Shape = { kind: 'scalar', type: 'string', pointer: false, zero: '' };
const partNames: ReadonlySet<string> = new Set(Object.keys(parts('')));

/** A URL as templates see it: printed as a whole, or by its parts (R2.69). */
export const urlShape: StructShape = {
  kind: 'struct',
  type: 'apis.URL',
  pointer: false,
  print: (url) => String(url),
  member: (name) => {
    if (name === 'String') return { shape: part, read: (url) => String(url ?? '') };
    return partNames.has(name) ? { shape: part, read: (url) => parts(url)[name as keyof UrlParts] } : undefined;
  },
};
