import { kinds } from '../../api/kinds.ts';
import { SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { defaultOptions } from '../../api/options.ts';
import type { ApiClient } from '../../control-plane/api-client.ts';

/** The settings of the installation with changes to one section; they are as before when `during` has ended. */
export async function withSettings(admin: ApiClient, section: string, changes: object, during: () => Promise<void>): Promise<void> {
  const { systemNamespace } = defaultOptions;
  const stored = await admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
  const text = (stored?.data as Record<string, string> | undefined)?.[section];
  const write = (value: string | null | undefined) =>
    admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: { [section]: value ?? null } });
  await write(JSON.stringify({ ...JSON.parse(text ?? '{}'), ...changes }));
  try {
    await during();
  } finally {
    await write(text);
  }
}
