/** A LoRA adapter of the effective spec, validated and resolved (R2.86, R3.270, R3.271). Sorted by name wherever there are several. */
export interface ResolvedAdapter {
  readonly name: string;
  readonly uri: string;
  readonly scheme: 'hf' | 's3' | 'pvc';
  /** `/mnt/lora/<name with every character outside [A-Za-z0-9._-] replaced by '-'>`. */
  readonly mountPath: string;
}
