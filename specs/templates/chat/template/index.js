import { File } from '@asyncapi/generator-react-sdk';

// What is in the files is decided in specs/emit, which the HTTP half and the SDK share. `require`, because the
// generator bundles what is imported, and can't read TypeScript.
const { emitChat, withReferences } = require('../../../emit/chat.ts');

/** Every file of generated/chat. */
export default function ({ asyncapi }) {
  return Object.entries(emitChat(withReferences(asyncapi.json()))).map(([name, text]) => <File name={name}>{text}</File>);
}
