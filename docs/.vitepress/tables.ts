import type { MarkdownRenderer } from 'vitepress';

/** Gives each cell the title of its column as `data-label`, because a phone shows each row of a table as a block. */
export function labelCells(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('label_cells', ({ tokens }) => {
    let titles: string[] = [];
    let column = 0;
    for (const [index, token] of tokens.entries()) {
      if (token.type === 'table_open') titles = [];
      if (token.type === 'tr_open') column = 0;
      if (token.type === 'th_open') titles.push(tokens[index + 1]!.content);
      if (token.type !== 'td_open') continue;
      token.attrSet('data-label', titles[column] ?? '');
      column += 1;
    }
  });
}
