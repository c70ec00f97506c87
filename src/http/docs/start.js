// Shows a half of the contract or a chapter of the guide, where the address names one; turns off whatever would ask
// another host.
const at = (path) => new URL(path, document.baseURI).href;

/** A chapter is shown as the description of a document that has nothing else. */
const chapter = (title, slug) => ({
  title,
  slug,
  url: at(`docs/${slug}.json`),
  customCss: '.introduction-section :is(.badge, .section-column:has(.sticky-cards)) { display: none }',
  documentDownloadType: 'none',
  hiddenClients: true,
});

function showReference() {
  // Those to whom it can't be shown keep the doors.
  document.querySelector('#doors').remove();
  document.querySelector('#back').hidden = false;
  globalThis.Scalar.createApiReference('#reference', {
    sources: [
      // What is tried out here is asked of the server that this page comes from.
      { title: 'HTTP', slug: 'http', url: at('openapi.json'), servers: [{ url: at('.').replace(/\/$/, '') }] },
      { title: 'WebSocket', slug: 'websocket', url: at('asyncapi.json') },
      chapter('First minute', 'first-minute'),
      chapter('Self-hosting', 'self-hosting'),
      chapter('Operating', 'operating'),
      chapter('External issuer', 'external-issuer'),
      chapter('Client guide', 'guide'),
      chapter('Guarantees', 'guarantees'),
    ],
    agent: { disabled: true },
    documentDownloadType: 'direct',
    hideClientButton: true,
    mcp: { disabled: true },
    orderRequiredPropertiesFirst: false,
    orderSchemaPropertiesBy: 'preserve',
    showDeveloperTools: 'never',
    telemetry: false,
    withDefaultFonts: false,
  });
}

if (location.hash || new URLSearchParams(location.search).has('api')) {
  const script = document.createElement('script');
  script.src = 'docs/reference.js';
  script.addEventListener('load', showReference);
  document.head.append(script);
}
