declare module '@asyncapi/generator' {
  /** What specs/generate.ts uses of it; the package has no types. */
  export default class Generator {
    constructor(templateDir: string, targetDir: string, options: { forceWrite: boolean });
    generateFromFile(file: string): Promise<void>;
  }
}
