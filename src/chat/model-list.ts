import { isRecord } from '../json.ts';
import type { Model } from './provider.ts';

/** Models from `{data: […]}` (the OpenAI shape) or `{models: […]}` (the platform's older one); undefined for neither. */
export function findModels(value: unknown): readonly Model[] | undefined {
  const list = isRecord(value) ? (value['data'] ?? value['models']) : value;
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const id = entry['id'] ?? entry['name'];
    if (typeof id !== 'string' || id === '') return [];
    const context = size(entry['context_window'] ?? entry['context_length']);
    const maxOutput = size(entry['max_output_tokens']);
    const ownedBy = entry['owned_by'];
    return [
      {
        id,
        ...(context === undefined ? {} : { context }),
        ...(maxOutput === undefined ? {} : { maxOutput }),
        ...(typeof ownedBy === 'string' ? { ownedBy } : {}),
      },
    ];
  });
}

function size(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}
