// Shows the document that the page names. Turns off everything that would ask another host.
const reference = document.querySelector('#reference');
const url = new URL(`../${reference.dataset.document}`, document.baseURI);

async function showReference() {
  const text = await (await fetch(url)).text();
  // A page whose script can't be loaded keeps its link to the document.
  reference.replaceChildren();
  globalThis.Scalar.createApiReference('#reference', {
    // Links are relative to the document, which lies one level above this page.
    content: text.replaceAll('](docs/', ']('),
    // The console sends its requests to the server that this page comes from.
    servers: [{ url: new URL('..', document.baseURI).href.replace(/\/$/, '') }],
    persistAuth: true,
    agent: { disabled: true },
    documentDownloadType: 'none',
    hideClientButton: true,
    mcp: { disabled: true },
    orderRequiredPropertiesFirst: false,
    orderSchemaPropertiesBy: 'preserve',
    showDeveloperTools: 'never',
    telemetry: false,
    withDefaultFonts: false,
  });
}

const script = document.createElement('script');
script.src = 'reference.js';
script.addEventListener('load', showReference);
document.head.append(script);
