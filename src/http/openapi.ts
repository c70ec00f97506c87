type Json = { readonly [key: string]: unknown };

const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** Returns an OpenAPI document without some operations, and without the tags and components that only they use. */
export function withoutOperations(document: Json, operationIds: readonly string[]): Json {
  const gone = (operation: unknown): boolean => operationIds.includes(String((operation as Json).operationId));
  const paths = Object.fromEntries(
    Object.entries(document.paths as Record<string, Json>)
      .map(
        ([path, item]) =>
          [path, Object.fromEntries(Object.entries(item).filter(([, operation]) => !gone(operation)))] as const,
      )
      .filter(([, item]) => methods.some((method) => method in item)),
  );
  const used = Object.values(paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => ((operation as Json).tags ?? []) as string[]),
  );
  const tags = (document.tags as Json[]).filter(({ name }) => used.includes(String(name)));
  return pruned({ ...document, paths, tags });
}

/** Returns whether an operation answers with a stream of events. */
const streams = (operation: unknown): boolean => JSON.stringify(operation).includes('"text/event-stream"');

/**
 * Returns an OpenAPI document whose streams stand behind references (OpenAPI 3.1, 4.8.9). `palaver-contract` 0.1 calls
 * every other operation and reads the answer to its end, which a stream doesn't have.
 */
export function withStreamsByReference(document: Json): Json {
  const all = Object.entries(document.paths as Record<string, Json>);
  const named = all.filter(([, item]) => streams(item)).map(([path, item]) => [path.slice(1), item] as const);
  const referred = Object.fromEntries(named.map(([name]) => [`/${name}`, { $ref: `#/components/pathItems/${name}` }]));
  const components = { ...(document.components as Json), pathItems: Object.fromEntries(named) };
  return { ...document, paths: { ...Object.fromEntries(all), ...referred }, components };
}

/** Removes components without a reference, until there are none. */
function pruned(document: Json): Json {
  const text = JSON.stringify(document);
  const { securitySchemes, ...groups } = document.components as Record<string, Json>;
  const kept = Object.entries(groups).map(([group, members]) => {
    const named = Object.entries(members).filter(([name]) => text.includes(`"#/components/${group}/${name}"`));
    return [group, Object.fromEntries(named)] as const;
  });
  const next = { ...document, components: { securitySchemes, ...Object.fromEntries(kept) } };
  return JSON.stringify(next).length === text.length ? next : pruned(next);
}
