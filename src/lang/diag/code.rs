//! The catalogue: every kind of mistake, its name and its page.
//!
//! A new code is one line below and one page in `codes/`.

use std::fmt;

use super::diagnostic::Severity;
use super::suggest;

/// A code with this name does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{name}`{}", did_you_mean(nearest))]
pub struct UnknownCode {
    pub name: String,
    /// Codes with similar names, the most similar first.
    pub nearest: Vec<Code>,
}

fn did_you_mean(nearest: &[Code]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!(
        "; did you mean {}?",
        suggest::list(nearest.iter().map(|code| code.name()))
    )
}

macro_rules! codes {
    ($($variant:ident = $name:literal, $severity:ident;)*) => {
        /// What kind of mistake a diagnostic speaks of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The name users see: `unknown-key`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How bad it is, unless a diagnostic overrules it.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// The page about it, in Markdown: what it is, why, a wrong and a right example.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("codes/", $name, ".md")),)*
                }
            }
        }
    };
}

codes! {
    // The text as YAML.
    CommaInFlow = "comma-in-flow", Error;
    UnquotedTemplate = "unquoted-template", Error;
    UnquotedExpression = "unquoted-expression", Error;
    UnquotedPath = "unquoted-path", Error;
    TabIndentation = "tab-indentation", Error;
    DuplicateKey = "duplicate-key", Error;
    YamlSyntax = "yaml-syntax", Error;
    AliasBomb = "alias-bomb", Error;
    AliasLoop = "alias-loop", Error;
    UnknownAnchor = "unknown-anchor", Error;
    TooDeep = "too-deep", Error;
    TooLarge = "too-large", Error;
    UnknownTag = "unknown-tag", Error;
    BadMergeKey = "bad-merge-key", Error;
    NonTextKey = "non-text-key", Error;
    EmptyDocument = "empty-document", Error;
    BadNumber = "bad-number", Error;

    // The shape of a document.
    UnknownKey = "unknown-key", Error;
    MissingKey = "missing-key", Error;
    WrongType = "wrong-type", Error;
    BadValue = "bad-value", Error;
    BadNumberRange = "bad-number-range", Error;
    BadDuration = "bad-duration", Error;
    BadDate = "bad-date", Error;
    BadName = "bad-name", Error;
    BadRegex = "bad-regex", Error;
    BadSecret = "bad-secret", Error;
    BadCron = "bad-cron", Error;
    BadUrl = "bad-url", Error;
    UnknownKind = "unknown-kind", Error;
    MissingKind = "missing-kind", Error;
    NotExactlyOneVerb = "not-exactly-one-verb", Error;
    TooManyChoices = "too-many-choices", Error;
    EmptyList = "empty-list", Error;

    // Names of other things.
    UnknownConnector = "unknown-connector", Error;
    UnknownIntegration = "unknown-integration", Error;
    UnknownPipeline = "unknown-pipeline", Error;
    UnknownMap = "unknown-map", Error;
    UnknownRoutine = "unknown-routine", Error;
    UnknownInput = "unknown-input", Error;
    UnknownEntity = "unknown-entity", Error;
    UnknownSetting = "unknown-setting", Error;
    UnknownRecordSchema = "unknown-record-schema", Error;
    UnknownPaging = "unknown-paging", Error;
    UnknownRoot = "unknown-root", Error;
    UnknownParam = "unknown-param", Error;
    UnknownStep = "unknown-step", Error;
    UnknownVocabulary = "unknown-vocabulary", Error;
    UnknownAccount = "unknown-account", Error;
    UnknownSubject = "unknown-subject", Error;
    UnknownWebhook = "unknown-webhook", Error;
    UnknownZone = "unknown-zone", Error;
    FileNotFound = "file-not-found", Error;
    DuplicateName = "duplicate-name", Error;
    DuplicateStep = "duplicate-step", Error;
    MissingInput = "missing-input", Error;
    MissingAccountParam = "missing-account-param", Error;
    MisplacedFile = "misplaced-file", Error;

    // Templates, conditions and paths.
    TemplateSyntax = "template-syntax", Error;
    ExpressionSyntax = "expression-syntax", Error;
    PathSyntax = "path-syntax", Error;
    UnknownFilter = "unknown-filter", Error;
    UnknownFunction = "unknown-function", Error;
    UnknownTest = "unknown-test", Error;
    UnknownName = "unknown-name", Error;
    BadArguments = "bad-arguments", Error;
    TemplateInCondition = "template-in-condition", Error;
    BadPathRegex = "bad-path-regex", Error;
    NameNotInScope = "name-not-in-scope", Error;
    StepNotYetRun = "step-not-yet-run", Error;
    DownloadNotAllowed = "download-not-allowed", Error;

    // What records look like.
    UnknownField = "unknown-field", Error;
    BadRecordSchema = "bad-record-schema", Error;
    TypeMismatch = "type-mismatch", Error;
    PathNotSingle = "path-not-single", Error;

    // Maps between vocabularies.
    MapMissingValue = "map-missing-value", Error;
    MapUnknownValue = "map-unknown-value", Error;
    MapUnknownTarget = "map-unknown-target", Error;
    MapTargetOpen = "map-target-open", Warning;
    MapMissingElse = "map-missing-else", Error;
    MapNeedlessElse = "map-needless-else", Warning;
    MapCaseNotFinal = "map-case-not-final", Error;
    MapUnreachableCase = "map-unreachable-case", Error;

    // Changes to the other side.
    CreateWithoutFind = "create-without-find", Error;
    FindWithoutMarker = "find-without-marker", Error;
    CreateWithoutId = "create-without-id", Error;
    UpdateWithoutRead = "update-without-read", Error;
    WriteWithoutChange = "write-without-change", Error;
    WriteKeyAndId = "write-key-and-id", Error;
    WriteEntityWrongEnd = "write-entity-wrong-end", Error;
    CompareNeedsFound = "compare-needs-found", Error;
    NowInUpdate = "now-in-update", Warning;

    // Reading records.
    PagingEndless = "paging-endless", Error;
    RecordsNotList = "records-not-list", Error;
    CursorWithoutOrder = "cursor-without-order", Error;
    CursorWithoutStart = "cursor-without-start", Error;
    CursorNotInQuery = "cursor-not-in-query", Error;
    KeysetWithoutTie = "keyset-without-tie", Warning;
    HoldWithoutOne = "hold-without-one", Error;
    SignalWithoutOne = "signal-without-one", Error;
    WebhookWithoutOne = "webhook-without-one", Error;
    SignalWithoutCursor = "signal-without-cursor", Error;
    OverlapBelowLag = "overlap-below-lag", Warning;

    // Links between records.
    LinkWrongConnector = "link-wrong-connector", Error;
    LinkMissing = "link-missing", Error;
    TwoLinksSameEntity = "two-links-same-entity", Error;

    // Settings and tenants.
    SettingUnknownKey = "setting-unknown-key", Error;
    SettingWrongType = "setting-wrong-type", Error;
    SettingMissingRequired = "setting-missing-required", Error;
    SettingLocked = "setting-locked", Error;
    SettingBadChoice = "setting-bad-choice", Error;
    DefaultWrongType = "default-wrong-type", Error;
    OverrideUnknownSubjectKey = "override-unknown-subject-key", Error;

    // Connectors.
    AuthIncomplete = "auth-incomplete", Error;
    BaseUrlInvalid = "base-url-invalid", Error;
    ErrorRuleUnreachable = "error-rule-unreachable", Warning;
    LimitInvalid = "limit-invalid", Error;
    PagingStyleIncomplete = "paging-style-incomplete", Error;
    SecretInPlainText = "secret-in-plain-text", Error;
    TimestampNotSigned = "timestamp-not-signed", Error;
    SettleMissing = "settle-missing", Error;
    IdentityMissing = "identity-missing", Error;
    SealingKeyMissing = "sealing-key-missing", Error;
    AdminWithoutAccess = "admin-without-access", Warning;

    // Pipelines and their steps.
    UnreachableStep = "unreachable-step", Warning;
    StepNeverUsed = "step-never-used", Warning;
    MisplacedStep = "misplaced-step", Error;
    RoutineCallsItself = "routine-calls-itself", Error;
    RoutineNeverCalled = "routine-never-called", Warning;
    CatchUnknownError = "catch-unknown-error", Error;
    CatchUnreachable = "catch-unreachable", Warning;
    TriggerMissing = "trigger-missing", Error;
}

impl Code {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// What the mistake is, in one line.
    pub fn summary(self) -> &'static str {
        self.page()
            .lines()
            .skip(1)
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The page of the code with this name, in Markdown.
pub fn explain(name: &str) -> Result<&'static str, UnknownCode> {
    let wanted = name.trim().to_lowercase().replace('_', "-");
    Code::from_name(&wanted).map(Code::page).ok_or_else(|| {
        let names = Code::ALL.iter().map(|code| code.name());
        let nearest = suggest::ranked(&wanted, names);
        UnknownCode {
            name: name.to_owned(),
            nearest: nearest.into_iter().filter_map(Code::from_name).collect(),
        }
    })
}
