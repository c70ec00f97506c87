declare module '@asyncapi/generator' {
  /** The part that specs/generate.ts uses; the package has no types. */
  export default class Generator {
    constructor(templateDir: string, targetDir: string, options: { forceWrite: boolean });
    generateFromFile(file: string): Promise<void>;
  }
}
