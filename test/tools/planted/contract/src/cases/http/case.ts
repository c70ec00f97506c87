import type { Spec } from '../../specs/http.ts';

export type Case = { readonly spec: Spec };
