import { AUTOSCALING_SETTINGS } from '../api/metadata.ts';
import { parseQuantity } from '../api/quantity.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import { parseAutoscaling, unreadAutoscaling } from './autoscaling-settings.ts';
import { parseIngress } from './ingress-settings.ts';
import { type CredentialSettings, type Settings, type StorageSettings, UnreadableSettings } from './settings.ts';
import { asObject, InvalidSettings, parseJson, readSection, textReader } from './settings-section.ts';

type Data = Readonly<Record<string, string>>;

const METRICS_ADAPTER_KEY = 'autoscaling-metrics-adapter-config';
const PREFIX = 'failed to load ingress config:';
const DEFAULT_EXPIRATION = ['certificates.kserve.io/expiration'];

/** A part of the settings and the key it stands under. */
interface Section {
  readonly key: string;
  readonly field: keyof Settings;
  /** Throws InvalidSettings. */
  read(data: Data, systemNamespace: string): Partial<Settings>;
  /** What stands for a value that could never be read, where those who need it can tell; without it, reading the field throws. */
  refuse?(message: string): Partial<Settings>;
}

const sections: readonly Section[] = [
  {
    key: AUTOSCALING_SETTINGS,
    field: 'autoscaling',
    read: (data) => present('autoscaling', parseAutoscaling(data)),
    refuse: (message) => ({ autoscaling: reject('ReconcileScalingError', message) }),
  },
  { key: METRICS_ADAPTER_KEY, field: 'metricsAdapter', read: (data) => present('metricsAdapter', parseMetricsAdapter(data)) },
  { key: 'ingress', field: 'ingress', read: (data, namespace) => ({ ingress: parseIngress(readSection(data, 'ingress'), namespace) }) },
  { key: 'storageInitializer', field: 'storage', read: (data) => ({ storage: parseStorage(data) }) },
  { key: 'credentials', field: 'credentials', read: (data) => ({ credentials: parseCredentials(data) }) },
  { key: 'scheduler', field: 'expirationAnnotations', read: (data) => ({ expirationAnnotations: parseExpiration(data) }) },
];

const present = <K extends keyof Settings>(field: K, value: Settings[K] | undefined): Partial<Settings> =>
  value === undefined ? {} : ({ [field]: value } as Partial<Settings>);

/** The keys that are read, each for itself. */
export const settingsKeys: readonly string[] = sections.map(({ key }) => key);

/** A key that cannot be read. */
export interface SettingsProblem {
  readonly key: string;
  readonly message: string;
  /** Whether a value that could be read before is in use. */
  readonly replaced: boolean;
  /** Whether the settings are good for everybody who does not need the key. */
  readonly contained: boolean;
}

/** The ConfigMap as far as it can be read. */
export interface SettingsReading {
  /** Reading a section without any value throws UnreadableSettings. */
  readonly settings: Settings;
  readonly problems: readonly SettingsProblem[];
  /** What whoever wrote the ConfigMap should know though everything can be read. */
  readonly advice: readonly string[];
  /** The last readable value of each key. */
  readonly good: ReadonlyMap<string, Partial<Settings>>;
}

/**
 * Reads every key for itself (R2.2 - R2.5, R1.101 - R1.105, R3.200 - R3.202): one that cannot be read keeps the value it had in
 * `last`, so that a mistake in one key does not stop services (B38 of chapter 1).
 */
export function readSettingsData(data: Data, systemNamespace: string, last?: SettingsReading): SettingsReading {
  const good = new Map<string, Partial<Settings>>();
  const problems: SettingsProblem[] = [];
  const settings: Partial<Settings> = {};
  for (const { key, field, read, refuse } of sections) {
    try {
      good.set(key, read(data, systemNamespace));
    } catch (error) {
      if (!(error instanceof InvalidSettings)) throw error;
      const before = last?.good.get(key);
      problems.push({ key, message: error.message, replaced: before !== undefined, contained: refuse !== undefined });
      if (before) good.set(key, before);
      else if (refuse) Object.assign(settings, refuse(error.message));
      else Object.defineProperty(settings, field, { enumerable: true, get: () => unreadable(error.message) });
    }
    Object.assign(settings, good.get(key));
  }
  const isReadable = problems.every(({ key }) => key !== AUTOSCALING_SETTINGS);
  return { settings: settings as Settings, problems, advice: isReadable ? unreadAutoscaling(data) : [], good };
}

function unreadable(message: string): never {
  throw new UnreadableSettings(`${PREFIX} ${message}`);
}

/**
 * Settings from the data of ConfigMap `inferenceservice-config`, all of them or none but for keys that fail alone; undefined data stands for a missing ConfigMap.
 * Every rejection starts with `failed to load ingress config:` (R2.4).
 */
export function parseSettings(data: Data | undefined, systemNamespace: string): Settings | Rejection {
  if (data === undefined) return failure('failed to load InferenceServiceConfigMap: configmaps "inferenceservice-config" not found');
  const { settings, problems } = readSettingsData(data, systemNamespace);
  const problem = problems.find(({ contained }) => !contained);
  return problem ? failure(problem.message) : settings;
}

/** Whether two versions of the ConfigMap say the same (R2.6): parsed, or word by word where one of them does not parse. */
export function sameSettings(a: Data | undefined, b: Data | undefined, systemNamespace: string): boolean {
  const [parsedA, parsedB] = [parseSettings(a, systemNamespace), parseSettings(b, systemNamespace)];
  if (isRejection(parsedA) || isRejection(parsedB)) return sameData(a ?? {}, b ?? {});
  return JSON.stringify(parsedA) === JSON.stringify(parsedB);
}

function sameData(a: Data, b: Data): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

const failure = (detail: string): Rejection => reject('SettingsInvalid', `${PREFIX} ${detail}`);

function parseStorage(data: Data): StorageSettings {
  const section = readSection(data, 'storageInitializer') ?? {};
  const text = textReader('storageInitializer', section);
  const quantity = (field: string, fallback?: string): string => {
    const value = text(field) || fallback || '';
    if (parseQuantity(value) === undefined) {
      throw new InvalidSettings(
        `failed to parse resource configuration for "storageInitializer"."${field}": ${JSON.stringify(value)} is not a quantity`,
      );
    }
    return value;
  };
  const configuredOciMode = parseOciMode(text('ociModelMode'));
  const uidModelcar = section.uidModelcar ?? undefined;
  if (uidModelcar !== undefined && !Number.isInteger(uidModelcar)) {
    throw new InvalidSettings('unable to parse storageInitializer config json: uidModelcar is not an integer');
  }
  return {
    image: text('image') || 'kserve/storage-initializer:latest',
    memoryRequest: quantity('memoryRequest'),
    memoryLimit: quantity('memoryLimit'),
    cpuRequest: quantity('cpuRequest'),
    cpuLimit: quantity('cpuLimit'),
    cpuModelcar: quantity('cpuModelcar', '10m'),
    memoryModelcar: quantity('memoryModelcar', '15Mi'),
    ...(uidModelcar === undefined ? {} : { uidModelcar: Number(uidModelcar) }),
    configuredOciMode,
    ociMode: configuredOciMode || (section.enableModelcar === true || section.enableOciModelSupport === true ? 'modelcar' : 'disabled'),
    caBundleConfigMapName: text('caBundleConfigMapName'),
    caBundleVolumeMountPath: text('caBundleVolumeMountPath'),
  };
}

function parseOciMode(mode: string): StorageSettings['configuredOciMode'] {
  if (mode === '' || mode === 'modelcar' || mode === 'native' || mode === 'fetch') return mode;
  throw new InvalidSettings(`invalid ociModelMode ${JSON.stringify(mode)} in storageInitializer config: must be modelcar, native or fetch`);
}

function parseCredentials(data: Data): CredentialSettings {
  const section = readSection(data, 'credentials') ?? {};
  const text = textReader('credentials', section);
  const gcs = textReader('credentials', asObject(section.gcs));
  const s3 = textReader('credentials', asObject(section.s3));
  return {
    storageSecretNameAnnotation: text('storageSecretNameAnnotation'),
    gcsCredentialFileName: gcs('gcsCredentialFileName'),
    s3: {
      accessKeyIdName: s3('s3AccessKeyIDName'),
      secretAccessKeyName: s3('s3SecretAccessKeyName'),
      endpoint: s3('s3Endpoint'),
      useHttps: s3('s3UseHttps'),
      region: s3('s3Region'),
      verifySSL: s3('s3VerifySSL'),
      useVirtualBucket: s3('s3UseVirtualBucket'),
      useAccelerate: s3('s3UseAccelerate'),
      useAnonymousCredential: s3('s3UseAnonymousCredential'),
      caBundleConfigMap: s3('s3CABundleConfigMap'),
      caBundle: s3('s3CABundle'),
    },
  };
}

function parseExpiration(data: Data): readonly string[] {
  const given = readSection(data, 'scheduler')?.expirationAnnotations ?? [];
  if (!Array.isArray(given) || !given.every((key) => typeof key === 'string')) {
    throw new InvalidSettings('unable to parse scheduler config json: expirationAnnotations is not a list of strings');
  }
  return given.length > 0 ? given : DEFAULT_EXPIRATION;
}

/** The adapter judges its own document; here it only has to be noticed (R2.2a). A text that is not JSON is passed on as it is. */
function parseMetricsAdapter(data: Data): unknown {
  const text = data[METRICS_ADAPTER_KEY];
  return text === undefined ? undefined : (parseJson(text) ?? text);
}
