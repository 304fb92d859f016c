import { get, type Inquiry } from '../api/inquiry.ts';
import { kinds } from '../api/kinds.ts';
import type { EnvVar, Secret, Volume, VolumeMount } from '../api/kubernetes.ts';
import { type Rejection, reject } from '../api/rejection.ts';
import type { PodTemplate } from '../api/types.ts';
import type { Account } from './attachment.ts';
import type { Context } from './children.ts';
import { addMount, addVolume, changeInitContainer, setEnv } from './pod-spec.ts';
import { s3Settings } from './s3-settings.ts';

/** What an account adds to a download. */
export interface Credentials {
  readonly env: readonly EnvVar[];
  readonly volumes: readonly { readonly volume: Volume; readonly mount: VolumeMount }[];
}

export const noCredentials: Credentials = { env: [], volumes: [] };

/** The annotation by which an account assumes an AWS role. */
const ROLE_ARN = 'eks.amazonaws.com/role-arn';

/**
 * Credentials that a service account gives a download (R3.231): S3 settings when it assumes an AWS role, then what its
 * Secrets hold, or the one Secret the service names. A Secret that does not exist is a rejection.
 */
export function* credentialsOf(context: Context, account: Account): Inquiry<Credentials | Rejection> {
  const { name, namespace, annotations } = account.metadata ?? {};
  if (!name || !namespace) return reject('InvalidServiceAccount', 'invalid service account spec received. Missing name and/or namespace');
  const fromRole = annotations?.[ROLE_ARN] === undefined ? [] : s3Settings(context, annotations, undefined);

  const found: Credentials[] = [{ ...noCredentials, env: fromRole }];
  let hasS3 = false;
  for (const secretName of secretNames(context, account)) {
    const secret = yield* get<Secret>(kinds.secret, namespace, secretName, { fresh: true });
    if (secret === undefined) return reject('SecretNotFound', `failed to read secret ${namespace}/${secretName}: secrets "${secretName}" not found`);
    const isS3 = secret.data?.[s3Keys(context).secretKey] !== undefined;
    // Keys of one S3 Secret must not be used with the endpoint of another (B3.40): the first one counts.
    if (!(isS3 && hasS3)) found.push(secretCredentials(context, secretName, secret));
    hasS3 ||= isS3;
  }
  return { env: found.flatMap((part) => part.env), volumes: found.flatMap((part) => part.volumes) };
}

/** Puts credentials into a pod. Variables of the same name are replaced where they stand, a volume is added once. */
export function addCredentials(podSpec: PodTemplate, initContainer: string, { env, volumes }: Credentials): PodTemplate {
  const withEnv = changeInitContainer(podSpec, initContainer, (container) =>
    volumes.reduce(
      (changed, { mount }) => addMount(changed, mount),
      env.reduce((changed, entry) => setEnv(changed, entry), container),
    ),
  );
  return volumes.reduce((changed, { volume }) => addVolume(changed, volume), withEnv);
}

function secretNames({ service, settings }: Context, account: Account): string[] {
  const key = settings.credentials.storageSecretNameAnnotation;
  const named = key === '' ? undefined : service.metadata.annotations?.[key];
  if (named) return [named];
  return (account.secrets ?? []).flatMap((reference) => (reference.name ? [reference.name] : []));
}

function s3Keys({ settings }: Context): { idKey: string; secretKey: string } {
  const { accessKeyIdName, secretAccessKeyName } = settings.credentials.s3;
  return { idKey: accessKeyIdName || 'awsAccessKeyID', secretKey: secretAccessKeyName || 'awsSecretAccessKey' };
}

/** What a Secret is good for follows from its keys; the first row of R3.232 that matches counts. */
function secretCredentials(context: Context, name: string, secret: Secret): Credentials {
  const data = secret.data ?? {};
  const has = (key: string) => data[key] !== undefined;
  const { idKey, secretKey } = s3Keys(context);
  const gcsFile = context.settings.credentials.gcsCredentialFileName || 'gcloud-application-credentials.json';
  const envOnly = (...env: readonly EnvVar[]): Credentials => ({ ...noCredentials, env });

  if (has(secretKey)) {
    return envOnly(
      fromSecret('AWS_ACCESS_KEY_ID', name, idKey),
      fromSecret('AWS_SECRET_ACCESS_KEY', name, secretKey),
      ...s3Settings(context, secret.metadata?.annotations, data),
    );
  }
  if (has(gcsFile)) {
    return {
      env: [{ name: 'GOOGLE_APPLICATION_CREDENTIALS', value: `/var/secrets/${gcsFile}` }],
      volumes: [secretVolume('user-gcp-sa', name, '/var/secrets/')],
    };
  }
  if (['AZ_CLIENT_ID', 'AZURE_CLIENT_ID', 'AZURE_ACCESS_TOKEN'].some(has)) return envOnly(...azureEnv(name, has));
  if (has('AZURE_STORAGE_ACCESS_KEY')) return envOnly(fromSecret('AZURE_STORAGE_ACCESS_KEY', name));
  if (has('https-host')) return envOnly(...httpsHeaders(name, data));
  if (has('HDFS_NAMENODE')) return { env: [], volumes: [secretVolume('hdfs-secrets', name, '/var/secrets/kserve-hdfscreds')] };
  if (has('HF_TOKEN')) return envOnly(fromSecret('HF_TOKEN', name));
  if (has('MODELSCOPE_API_TOKEN')) return envOnly(fromSecret('MODELSCOPE_API_TOKEN', name));
  return noCredentials;
}

const fromSecret = (variable: string, name: string, key = variable): EnvVar => ({ name: variable, valueFrom: { secretKeyRef: { name, key } } });

const secretVolume = (name: string, secretName: string, mountPath: string) => ({
  volume: { name, secret: { secretName } },
  mount: { name, mountPath, readOnly: true },
});

const azureKeys = [
  'AZURE_SUBSCRIPTION_ID',
  'AZURE_TENANT_ID',
  'AZURE_CLIENT_ID',
  'AZURE_CLIENT_SECRET',
  'AZURE_STORAGE_ACCESS_KEY',
  'AZURE_ACCESS_TOKEN',
  'AZURE_ACCESS_EXPIRES_ON_SECONDS',
  'AZURE_ACCOUNT_NAME',
  'AZURE_SERVICE_URL',
];
const azureKeysWithLegacyForm = azureKeys.slice(0, 4);

/** The tenant is always referred to, the others only when the Secret has them, by their old or new key (R3.233). */
function azureEnv(name: string, has: (key: string) => boolean): EnvVar[] {
  return azureKeys.flatMap((variable) => {
    const legacy = variable.replace('AZURE_', 'AZ_');
    if (azureKeysWithLegacyForm.includes(variable) && has(legacy)) return [fromSecret(variable, name, legacy)];
    return has(variable) || variable === 'AZURE_TENANT_ID' ? [fromSecret(variable, name)] : [];
  });
}

/** The headers themselves stay in the Secret (B3.40). */
function httpsHeaders(secretName: string, data: Readonly<Record<string, string>>): EnvVar[] {
  const { 'https-host': host = '', headers } = data;
  return headers === undefined ? [] : [fromSecret(`${Buffer.from(host, 'base64').toString()}-headers`, secretName, 'headers')];
}
