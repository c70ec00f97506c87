// Shows both halves of the contract and the guide; turns off whatever would ask another host.
const at = (path) => new URL(path, document.baseURI).href;

// The links are for those to whom the reference can't be shown.
if (globalThis.Scalar) document.querySelector('#links').remove();
globalThis.Scalar?.createApiReference('#reference', {
  sources: [
    // What is tried out here is asked of the server that this page comes from.
    { title: 'HTTP', slug: 'http', url: at('openapi.json'), servers: [{ url: at('.').replace(/\/$/, '') }] },
    { title: 'WebSocket', slug: 'websocket', url: at('asyncapi.json') },
    {
      title: 'Client guide',
      slug: 'guide',
      url: at('docs/guide.json'),
      // It is shown as the description of a document that has nothing else.
      customCss: '.introduction-section :is(.badge, .section-column:has(.sticky-cards)) { display: none }',
      documentDownloadType: 'none',
      hiddenClients: true,
    },
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
