import { PageEvent } from 'typedoc';

/** Where the other documentation is, seen from each page: TypeDoc writes links into its header as they are. */
export function load({ renderer }) {
  renderer.on(PageEvent.END, (page) => {
    const up = '../'.repeat(page.url.split('/').length + 1);
    page.contents = page.contents.replaceAll('href="docs"', `href="${up}docs"`);
  });
}
