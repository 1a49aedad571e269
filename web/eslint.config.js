import js from '@eslint/js';
import ts from 'typescript-eslint';

export default ts.config({ ignores: ['dist/', 'node_modules/'] }, js.configs.recommended, {
  files: ['**/*.ts'],
  extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    '@typescript-eslint/switch-exhaustiveness-check': 'error',
    'no-console': 'error',
    eqeqeq: 'error',
  },
});
