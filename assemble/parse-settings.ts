import { parseQuantity } from '../api/quantity.ts';
import { isRejection, type Rejection, reject } from '../api/rejection.ts';
import { parseAutoscaling } from './autoscaling-settings.ts';
import { parseIngress } from './ingress-settings.ts';
import type { CredentialSettings, Settings, StorageSettings } from './settings.ts';
import { asObject, InvalidSettings, parseJson, readSection, textReader } from './settings-section.ts';

type Data = Readonly<Record<string, string>>;

const DEFAULT_EXPIRATION = ['certificates.kserve.io/expiration'];

/**
 * Settings from the data of ConfigMap `inferenceservice-config` (R2.1 - R2.5, R1.100 - R1.105, R3.200 - R3.202); undefined
 * data stands for a missing ConfigMap. Every rejection starts with `failed to load ingress config:` (R2.4) and may be retried.
 */
export function parseSettings(data: Data | undefined, systemNamespace: string): Settings | Rejection {
  if (data === undefined) return failure('failed to load InferenceServiceConfigMap: configmaps "inferenceservice-config" not found');
  try {
    const autoscaling = parseAutoscaling(data);
    const metricsAdapter = parseMetricsAdapter(data);
    return {
      ingress: parseIngress(readSection(data, 'ingress'), systemNamespace),
      storage: parseStorage(data),
      credentials: parseCredentials(data),
      expirationAnnotations: parseExpiration(data),
      ...(autoscaling === undefined ? {} : { autoscaling }),
      ...(metricsAdapter === undefined ? {} : { metricsAdapter }),
    };
  } catch (error) {
    if (error instanceof InvalidSettings) return failure(error.message);
    throw error;
  }
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

const failure = (detail: string): Rejection => reject('SettingsInvalid', `failed to load ingress config: ${detail}`);

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
  const text = data['autoscaling-metrics-adapter-config'];
  return text === undefined ? undefined : (parseJson(text) ?? text);
}
