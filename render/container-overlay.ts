import type { Container } from '../api/kubernetes.ts';

type Plain = Readonly<Record<string, unknown>>;

/** Lists of a container whose elements have an identity; all others are replaced as a whole. */
const keys: Readonly<Record<string, string>> = { env: 'name', volumeMounts: 'mountPath', ports: 'containerPort', volumeDevices: 'devicePath' };

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The generated container with the user's changes merged over it; its name, arguments and command stay (R3.224).
 */
export function mergeContainer(generated: Container, overlay: Container | undefined): Container {
  if (overlay === undefined) return generated;
  const { name: _name, args: _args, command: _command, ...changes } = overlay;
  return merged(generated as unknown as Plain, changes) as unknown as Container;
}

function merged(base: Plain, over: Plain): Plain {
  const result: Record<string, unknown> = { ...base };
  for (const [field, value] of Object.entries(over)) {
    const current = base[field];
    const key = keys[field];
    if (isPlain(current) && isPlain(value)) result[field] = merged(current, value);
    else if (key && Array.isArray(current) && Array.isArray(value)) result[field] = mergedList(current, value, key);
    else result[field] = value;
  }
  return result;
}

function mergedList(base: readonly Plain[], over: readonly Plain[], key: string): Plain[] {
  const kept = base.filter((element) => !over.some((other) => other[key] === element[key]));
  return [...over.map((element) => merged(base.find((other) => other[key] === element[key]) ?? {}, element)), ...kept];
}
