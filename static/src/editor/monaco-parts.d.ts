// Monaco's modules that register something when imported and export nothing we use.
declare module "monaco-editor/esm/vs/*";
