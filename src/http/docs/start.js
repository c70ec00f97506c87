// Shows the document that the page names. Turns off everything that would ask another host.
const reference = document.querySelector('#reference');
const url = new URL(`../${reference.dataset.document}`, document.baseURI);

/** Address of the server that this page comes from. */
const server = new URL('..', document.baseURI);

/** Names the server that this page comes from instead of those in the document. Each keeps its protocol. */
function nameServer({ servers }) {
  const { host, pathname, protocol } = server;
  const path = pathname.replace(/\/$/, '');
  for (const entry of Object.values(servers)) {
    entry.host = host;
    if (path) entry.pathname = path;
    if (protocol === 'https:') entry.protocol += 's';
  }
}

const lastOf = (reference) => reference.split('/').at(-1);

/**
 * Numbers the frames of each operation: the reference sorts them by title, and a client meets them in this order. Each
 * channel gets frames of its own, because a frame of both has another number in each.
 */
function numberFrames({ channels, components, operations }) {
  for (const { channel, messages } of Object.values(operations)) {
    const name = lastOf(channel.$ref);
    const ofChannel = channels[name].messages;
    for (const [index, { $ref }] of messages.entries()) {
      const key = lastOf($ref);
      const frame = components.messages[lastOf(ofChannel[key].$ref)];
      components.messages[`${name}_${key}`] = { ...frame, title: `${index + 1}. ${frame.title}` };
      ofChannel[key] = { $ref: `#/components/messages/${name}_${key}` };
    }
  }
}

/** Opens each frame once, as soon as the reference has drawn it. A reader who closes one again keeps it closed. */
function openFrames() {
  const opened = new WeakSet();
  new MutationObserver(() => {
    for (const heading of reference.querySelectorAll('.message-heading')) {
      const button = heading.closest('.section-accordion-header')?.querySelector('.section-accordion-button');
      if (!button || opened.has(button)) continue;
      opened.add(button);
      if (button.ariaExpanded === 'false') button.click();
    }
  }).observe(reference, { childList: true, subtree: true });
}

async function showReference() {
  // Links are relative to the document, which lies one level above this page.
  const text = (await (await fetch(url)).text()).replaceAll('](docs/', '](');
  const content = JSON.parse(text);
  if (content.asyncapi) {
    nameServer(content);
    numberFrames(content);
    openFrames();
  }
  // A page whose script can't be loaded keeps its link to the document.
  reference.replaceChildren();
  globalThis.Scalar.createApiReference('#reference', {
    content,
    // The console sends its requests to the server that this page comes from.
    ...(content.openapi && { servers: [{ url: server.href.replace(/\/$/, '') }] }),
    persistAuth: true,
    agent: { disabled: true },
    expandAllSchemaProperties: true,
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
