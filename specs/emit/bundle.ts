import { bundle, createConfig } from '@redocly/openapi-core';
import type { Json } from './schema.ts';

/** One spec as one document: what stands in other files is brought into its components. */
export async function bundleSpec(file: string): Promise<Json> {
  const { bundle: document, problems } = await bundle({ ref: file, config: await createConfig({}) });
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((problem) => `${file}: ${problem.message}`).join('\n'));
  return document.parsed as Json;
}
