import type { Quantity } from './kubernetes.ts';

/** Quantities are exact down to 10^-9; what is finer is rounded up, away from zero. */
const SCALE = 9;

const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binaryPowers: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i|)$/;

/** Written like this a quantity is canonical already: at most three digits without a leading zero, and one suffix. */
const surelyCanonical = /^[1-9]\d{0,2}(?:[numkMGTPE]|[KMGTPE]i)?$/;

interface Parsed {
  readonly nano: bigint;
  readonly format: 'decimal' | 'exponent' | 'binary';
}

function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (value % divisor === 0n) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

const shift = (value: bigint, exponent: number): bigint =>
  exponent >= 0 ? value * 10n ** BigInt(exponent) : divideUp(value, 10n ** BigInt(-exponent));

function parse(quantity: Quantity): Parsed | undefined {
  const match = pattern.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const power = binaryPowers[suffix];
  if (power !== undefined) return { nano: shift(digits * 1024n ** BigInt(power), SCALE - fraction.length), format: 'binary' };
  const isExponent = suffix.length > 1;
  const exponent = isExponent ? Number(suffix.slice(1)) : (decimalExponents[suffix] ?? 0);
  if (Math.abs(exponent) > 64) return undefined;
  return { nano: shift(digits, exponent + SCALE - fraction.length), format: isExponent ? 'exponent' : 'decimal' };
}

/** The value of a quantity in its base unit (cores, bytes, ...), or undefined when it is none. */
export function parseQuantity(quantity: Quantity): number | undefined {
  const parsed = parse(quantity);
  return parsed === undefined ? undefined : Number(parsed.nano) / 10 ** SCALE;
}

/** The value of a quantity in whole base units, rounded up; undefined when it is none. */
export function wholeUnits(quantity: Quantity): bigint | undefined {
  const parsed = parse(quantity);
  return parsed === undefined ? undefined : divideUp(parsed.nano, 10n ** BigInt(SCALE));
}

/** Whether two values are the same amount (`1` and `1000m`, `1Gi` and `1024Mi`); what is no quantity only equals itself. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  if (!isScalar(a) || !isScalar(b)) return false;
  const amount = parse(a);
  return amount === undefined ? a === b : amount.nano === parse(b)?.nano;
}

const isScalar = (value: unknown): value is Quantity => typeof value === 'string' || typeof value === 'number';

/**
 * The form in which the API server writes a quantity (`2000m` is `2`, `1024Mi` is `1Gi`): no fraction, the largest
 * suffix that allows it. What is not a quantity comes back unchanged, as text.
 */
export function canonicalQuantity(quantity: Quantity): string {
  const text = String(quantity);
  if (surelyCanonical.test(text)) return text;
  const parsed = parse(quantity);
  if (parsed === undefined) return text;
  return quantityText(parsed);
}

function quantityText({ nano, format }: Parsed): string {
  if (nano === 0n) return '0';
  if (format === 'binary') return binaryText(nano) ?? decimalText(nano, 'decimal');
  return decimalText(nano, format);
}

/** Undefined where the binary form would need a fraction, or would say no more than the plain number. */
function binaryText(nano: bigint): string | undefined {
  const unit = 10n ** BigInt(SCALE);
  let value = nano / unit;
  if (nano % unit !== 0n || (value < 1024n && value > -1024n)) return undefined;
  let power = 0;
  while (power < 6 && value % 1024n === 0n) {
    value /= 1024n;
    power += 1;
  }
  const suffix = Object.keys(binaryPowers).find((key) => binaryPowers[key] === power) ?? '';
  return `${value}${suffix}`;
}

function decimalText(nano: bigint, format: 'decimal' | 'exponent'): string {
  let [value, exponent] = [nano, -SCALE];
  while (exponent < 18 && value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  if (format === 'exponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`;
  const suffix = Object.keys(decimalExponents).find((key) => decimalExponents[key] === exponent) ?? '';
  return `${value}${suffix}`;
}

/** The sum, in the notation of the first quantity unless that is zero: `10Gi` and `200Gi` give `210Gi`. Text that is no quantity counts as zero. */
export function addQuantities(a: Quantity, b: Quantity): string {
  const zero: Parsed = { nano: 0n, format: 'decimal' };
  const [first, second] = [parse(a) ?? zero, parse(b) ?? zero];
  return quantityText({ nano: first.nano + second.nano, format: first.nano === 0n ? second.format : first.format });
}
