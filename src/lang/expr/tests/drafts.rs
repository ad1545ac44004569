//! Every expression of the first draft of the Helpdesk integration: each compiles, has no
//! unknown filter, test or function, and those that carry the flow evaluate.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{at, template, value};
use crate::lang::expr::{Condition, Datum, ExprEnv, FunctionType, Query, Scope, ScopeTypes, Type};

const NAMES: &[&str] = &[
    "account",
    "activation",
    "body",
    "candidate",
    "cursor",
    "dispatch_board",
    "error",
    "file",
    "found",
    "id",
    "index",
    "item",
    "key",
    "link",
    "note",
    "nte_to_custom_field",
    "now",
    "page",
    "params",
    "payload",
    "record",
    "settings",
    "status",
    "steps",
    "tenant",
    "vars",
];

fn anything() -> ScopeTypes {
    let linked = FunctionType {
        named: vec!["id".into(), "key".into()],
        positional: 1,
        returns: Type::Any,
        by_word: Vec::new(),
    };
    NAMES
        .iter()
        .fold(ScopeTypes::new(), |scope, name| {
            scope.with(*name, Type::Any)
        })
        .with("now", Type::Date)
        .with(
            "activation",
            Type::object([("at", Type::Date), ("since", Type::Date)]),
        )
        .with("linked", Type::function(linked))
}

#[test]
fn every_template_compiles_and_checks() {
    for text in TEMPLATES {
        assert_eq!(template(text).check(&anything()).issues, [], "{text}");
    }
}

#[test]
fn every_condition_compiles_and_checks() {
    for text in CONDITIONS {
        let condition = Condition::compile(&ExprEnv::new(), text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.check(&anything()).issues, [], "{text}");
    }
}

#[test]
fn every_path_compiles() {
    for text in PATHS {
        let query = Query::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(query.is_singular(), !text.contains(['*', '?']), "{text}");
    }
}

fn settings() -> Value {
    json!({
        "preferences": {
            "dispatch_board": true, "business_unit": 12, "job_type": null, "company": "Best HVAC",
            "nte_to_custom_field": true, "nte_field": 3001, "schedule_date": "scheduled",
            "open_since": null, "do_not_service": "skip",
        },
        "job_summary": { "fields": [
            { "title": "Work order", "path": "$.Number" },
            { "title": "Scheduled", "path": "$.ScheduledDate" },
            { "title": "R&D", "path": "$.Subscriber.Name" },
        ] },
        "invoice_information": { "number_from": "work_order", "tax": true },
    })
}

fn work_order() -> Scope<'static> {
    let record = Arc::new(json!({
        "Id": 310_000_123, "Number": "310000123", "Status": { "Primary": "OPEN" }, "Nte": 850.0,
        "CallDate": "2026-04-02T23:40:16.53Z", "ScheduledDate": null, "Priority": "P2 - 24 HOURS",
        "Subscriber": { "Id": 2_010_000_001, "Name": "Acme <Retail>" },
        "Location": { "Id": 2_005_000_001, "StoreId": "0024" },
    }));
    Scope::new()
        .with_root(Arc::clone(&record))
        .with("record", record)
        .with("settings", settings())
        .with("now", at("2026-04-03T00:00:00Z"))
        .with(
            "activation",
            Datum::map([("at", at("2026-04-01T00:00:00Z"))]),
        )
        .with(
            "link",
            Datum::map([("job", Datum::Null), ("booking", Datum::Null)]),
        )
        .with(
            "steps",
            json!({ "site": { "Phone": "(818) 555-0100", "Address1": null } }),
        )
}

#[test]
fn the_summary_leaves_absent_fields_out() {
    let summary = TEMPLATES
        .iter()
        .find(|text| text.contains("job_summary.fields"))
        .unwrap();
    assert_eq!(
        value(summary, &work_order()),
        "Work order: 310000123<br>R&amp;D: Acme &lt;Retail&gt;<br>"
    );
}

#[test]
fn values_of_a_work_order() {
    let scope = work_order();
    let find = |part: &str| {
        value(
            TEMPLATES.iter().find(|text| text.contains(part)).unwrap(),
            &scope,
        )
    };
    assert_eq!(find("'NTE: ' ~ record.Nte"), "NTE: 850.00<br>");
    assert_eq!(
        find("schedule_date == 'submitted'"),
        "2026-04-02T23:40:16.53Z"
    );
    assert_eq!(
        find("'typeId': settings"),
        json!([{ "typeId": 3001, "value": "850.00" }])
    );
    assert_eq!(
        find("steps.site.Phone | digits"),
        json!([{ "type": "Phone", "value": "8185550100" }])
    );
    assert_eq!(find("steps.site.Address1 | default(none)"), Value::Null);
    assert_eq!(
        find("open_since | default(activation.at)"),
        "2026-04-01T00:00:00Z"
    );
    assert_eq!(find("activation.at | date("), "2026-04-01");
}

#[test]
fn conditions_of_a_work_order() {
    let scope = work_order();
    let holds = |part: &str| {
        let text = CONDITIONS.iter().find(|text| text.contains(part)).unwrap();
        Condition::compile(&ExprEnv::new(), text)
            .unwrap()
            .holds(&scope)
            .unwrap()
    };
    assert!(!holds("record.CallDate | utc < activation.at"));
    assert!(!holds("in ['CANCELLED', 'DECLINED']"));
    assert!(holds("settings.preferences.dispatch_board or link.job"));
    assert!(!holds("steps.customer.found.doNotService and"));
}

#[test]
fn the_busiest_appointment_speaks() {
    let event = TEMPLATES
        .iter()
        .find(|text| text.contains("set states"))
        .unwrap();
    let with = |job: &str, visits: Value| {
        let scope = Scope::new()
            .with("record", json!({ "jobStatus": job }))
            .with("steps", json!({ "visits": visits }));
        value(event, &scope)
    };
    let visits = json!([{ "status": "Done" }, { "status": "Dispatched" }]);
    assert_eq!(with("Scheduled", visits.clone()), "appointment.Dispatched");
    assert_eq!(with("Completed", visits), "job.Completed");
    assert_eq!(with("Scheduled", json!([])), "appointment.Scheduled");
}

#[test]
fn offered_statuses_become_a_list() {
    let offered = TEMPLATES
        .iter()
        .find(|text| text.contains("in s.Extended"))
        .unwrap();
    let scope = Scope::new().with(
        "steps",
        json!({ "offered": [
        { "Name": "OPEN", "Extended": null },
        { "Name": "COMPLETED", "Extended": ["CONFIRMED", "NO CHARGE"] },
    ] }),
    );
    let text = value(offered, &scope);
    let scope = scope.with("vars", json!({ "offered_text": text }));
    assert_eq!(
        value("{{ vars.offered_text | lines }}", &scope),
        json!([
            "OPEN",
            "COMPLETED",
            "COMPLETED/CONFIRMED",
            "COMPLETED/NO CHARGE"
        ])
    );
}

#[test]
fn amounts_of_an_invoice_are_exact() {
    let lines = json!([{ "kind": "labor", "amount": 0.1 }, { "kind": "labor", "amount": 0.2 }, { "kind": "travel", "amount": 5 }]);
    let scope = Scope::new()
        .with(
            "steps",
            json!({ "lines": lines, "rules": { "IsProviderAbleToAddSalesTax": true } }),
        )
        .with("record", json!({ "salesTax": "0.07", "total": "5.37" }))
        .with("settings", settings());
    let amount = |part: &str| {
        let text = TEMPLATES.iter().find(|text| text.contains(part)).unwrap();
        template(text).eval(&scope).unwrap()
    };
    let names = ["labor", "travel", "material", "freight", "other"];
    let mut vars: Vec<_> = names
        .iter()
        .map(|name| (*name, amount(&format!("'equalto', '{name}') | sum"))))
        .collect();
    vars.push(("tax", amount("record.salesTax | decimal if")));
    let scope = scope.child().with("vars", Datum::map(vars));
    let total = TEMPLATES
        .iter()
        .find(|text| text.contains("vars.tax] | sum"))
        .unwrap();
    assert_eq!(value(total, &scope), json!(5.37));
    assert_eq!(value("{{ vars.labor }}", &scope), json!(0.3));
    assert_eq!(value("{{ vars.material }}", &scope), json!(0));
}

const TEMPLATES: &[&str] = &[
    "{{ params.api_url }}",
    "{{ params.login_url }}/oauth/token",
    "{{ params.client_id }}",
    "{{ params.client_secret }}",
    "{{ params.username }}",
    "{{ params.password }}",
    "{{ body.error_description }}",
    "{{ params.provider_id }}",
    "{{ body.ErrorCode }}",
    "{{ body.ErrorMessage }}",
    "{{ body.ErrorCode | default(status) }}",
    "{{ body.ErrorMessage | default('no message') }}",
    "{{ page }}:50",
    "{{ params.signing_key }}",
    "{{ body['@odata.count'] }} work orders visible to {{ params.username }}",
    "/crm/v2/tenant/{{ params.tenant }}",
    "/jpm/v2/tenant/{{ params.tenant }}",
    "/accounting/v2/tenant/{{ params.tenant }}",
    "/marketing/v2/tenant/{{ params.tenant }}",
    "/settings/v2/tenant/{{ params.tenant }}",
    "/forms/v2/tenant/{{ params.tenant }}",
    "{{ params.auth_url }}/connect/token",
    "{{ params.app_key }}",
    "{{ body.title | default('conflict') }}",
    "{{ status }}",
    "{{ body.title | default('') }} {{ body.errors | default({}) | tojson }}",
    "{{ params.webhook_key }}",
    "{{ activation.at | date('%Y-%m-%d') }}",
    "crm:/bookings/{{ key }}",
    "{{ link.booking.subscriber | default(none) }}",
    "{{ link.booking.key }}",
    "{{ link.booking.subscriber }}",
    "{{ tenant.title }}",
    "{{ tenant.name }}",
    "{{ settings.preferences.business_unit | default(steps.units[0].id) }}",
    "{{ steps.category[0].id }}",
    "marketing:/campaigns/{{ link.campaign.id }}",
    "The campaign {{ steps.current.name }} is inactive in Dispatch. Activate it; work orders wait until then.",
    "{{ key }}",
    "{{ link.job.subscriber }}",
    "{{ link.job.key }}",
    "/workorders/{{ vars.work_order }}",
    "/invoices/{{ steps.wo.Subscriber.Id }}/InvoiceRequirements",
    "the work order is {{ steps.wo.Status.Primary }}/{{ steps.wo.Status.Extended }}; it is billed when completed",
    "the invoice of {{ record.total }} is above the NTE of {{ steps.wo.Nte | money(2) }}",
    "{{ steps.kinds[index] }}",
    "{{ item.total | decimal }}",
    "{{ item.description | text }}",
    "{{ item.quantity | decimal }}",
    "{{ item.price | decimal }}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'labor') | sum('amount') }}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'travel') | sum('amount') }}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'material') | sum('amount') }}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'freight') | sum('amount') }}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'other') | sum('amount') }}",
    "{{ record.salesTax | decimal if settings.invoice_information.tax and steps.rules.IsProviderAbleToAddSalesTax else 0 | decimal }}",
    "{% if settings.invoice_information.number_from == 'job_number' %}{{ record.job.number }} {%- elif settings.invoice_information.number_from == 'work_order' %}{{ steps.wo.Number }} {%- else %}{{ record.referenceNumber }}{% endif %}",
    "{{ steps.lines | selectattr('kind', 'equalto', 'material') | list }}",
    "{{ item.text }}",
    "{{ item.price }}",
    "{{ item.quantity }}",
    "{{ item.amount }}",
    "WoTrackingNumber eq {{ vars.work_order }} and Status ne 'Void' and Status ne 'Rejected'",
    "{{ vars.number }}",
    "{{ vars.work_order | string }}",
    "{{ record.invoiceDate | utc }}",
    "{{ [vars.labor, vars.travel, vars.material, vars.freight, vars.other, vars.tax] | sum }}",
    "{{ vars.tax }}",
    "{{ record.summary | text | default(steps.wo.Resolution) }}",
    "{{ vars.labor }}",
    "{{ vars.travel }}",
    "{{ vars.material }}",
    "{{ vars.freight }}",
    "{{ vars.other }}",
    "{{ steps.materials if settings.invoice_information.line_items else omit }}",
    "Helpdesk: {{ error.message }}",
    "jpm:/jobs/{{ key }}",
    "{{ link.job.subscriber | default(none) }}",
    "{{ steps.visits | rejectattr('status', 'in', ['Canceled', 'Done']) | list }}",
    "{%- set states = steps.visits | map(attribute='status') | list -%} {%- if record.jobStatus in ['Completed', 'Canceled', 'Hold'] -%}job.{{ record.jobStatus }} {%- elif 'Working' in states -%}appointment.Working {%- elif 'Dispatched' in states -%}appointment.Dispatched {%- elif 'Hold' in states -%}appointment.Hold {%- elif 'Done' in states -%}appointment.Done {%- else -%}appointment.Scheduled{%- endif -%}",
    "/workorders/{{ link.job.key }}",
    "/workorders/{{ link.job.key }}/statuses",
    "{% for s in steps.offered %}{{ s.Name }}\n{% for e in s.Extended %}{{ s.Name }}/{{ e }}\n{% endfor %}{% endfor %}\n",
    "{{ vars.offered_text | lines }}",
    "{{ vars.event }}",
    "{{ vars.offered }}",
    "{{ vars.event }} changes nothing in Helpdesk",
    "{{ steps.target.refused }} is not offered for this work order",
    "/workorders/{{ id }}",
    "the work order is {{ found.Status.Primary }} and is not reopened",
    "/workorders/{{ id }}/status",
    "{{ (steps.target | split('/'))[0] }}",
    "{{ (steps.target | split('/'))[1] | default('') }}",
    "{{ settings.preferences.company }}: {{ vars.event | replace('.', ' ') | lower }}",
    "{{ record.id }}:{{ vars.event }}",
    "/workorders/{{ link.job.key }}/notes",
    "{{ settings.preferences.company }}: {{ vars.event }} could not be set as status ({{ error.message }}). [ref job {{ record.id }} {{ vars.event }}]",
    "(UpdatedDate gt {{ cursor.value }} or (UpdatedDate eq {{ cursor.value }} and Id gt {{ cursor.tie }}))",
    "{{ activation.at }}",
    "/workorders/{{ key }}",
    "/workorders/{{ record.Id }}/notes",
    "{{ steps.notes | sort(attribute='Number') }}",
    "{{ note.Id }}",
    "jpm:/jobs/{{ link.job.id }}/notes",
    "{{ note.CreatedBy }}: {{ note.NoteData }} [SC {{ note.Id }}]",
    "{{ note.ActionRequired }}",
    "{{ note.Attachments | default([]) }}",
    "{{ file.Id }}",
    "forms:/jobs/{{ link.job.id }}/attachments",
    "sc-{{ file.Id }}-{{ file.Name }}",
    "{{ file.Uri }}",
    "/workorders/{{ vars.work_order }}/notes",
    "{{ record.text | text }} [ST {{ record.id }}]",
    "(UpdatedDate gt {{ cursor.value }} or (UpdatedDate eq {{ cursor.value }} and Id gt {{ cursor.tie }})) and CallDate ge {{ now | plus('-365d') }}",
    "{{ settings.preferences.open_since | default(activation.at) }}",
    "the work order is {{ record.Status.Extended | lower }}",
    "/locations/{{ record.Location.Id }}",
    "{{ account.dispatch.application_guid }}",
    "crm:/customers/{{ id }}",
    "{{ steps.site.Address2 }}",
    "{{ steps.site.Address1 | default(none) }}",
    "{{ steps.site.City }}",
    "{{ steps.site.State }}",
    "{{ steps.site.Zip }}",
    "{{ steps.site.Country }}",
    "{{ record.Subscriber.Name }} {{ record.Location.StoreId }}",
    "{{ record.Subscriber.Id | string }}",
    "the customer {{ steps.customer.found.name }} is marked Do Not Service",
    "{{ steps.customer.id }}",
    "{{ record.Location.Id | string }}",
    "{% for field in settings.job_summary.fields if record | at(field.path, none) is not none -%} {{ field.title | html }}: {{ record | at(field.path) | html }}<br> {%- endfor %}",
    "{{ 'NTE: ' ~ record.Nte | money(2) ~ '<br>' if settings.preferences.nte_to_custom_field else '' }}",
    "{{ (record.CallDate if settings.preferences.schedule_date == 'submitted' else record.ScheduledDate | default(record.CallDate)) | utc }}",
    "{{ [{'typeId': settings.preferences.nte_field, 'value': record.Nte | money(2)}] if settings.preferences.nte_to_custom_field else [] }}",
    "crm:/booking-provider/{{ account.dispatch.booking_provider }}/bookings",
    "sc-{{ record.Id }}",
    "crm:/booking-provider/{{ account.dispatch.booking_provider }}/bookings/{{ id }}",
    "{{ [{'type': 'Phone', 'value': steps.site.Phone | digits}] if steps.site.Phone else omit }}",
    "{{ vars.start }}",
    "{{ vars.nte_line }}{{ vars.summary }}",
    "{{ link.campaign.id }}",
    "{{ settings.preferences.business_unit | default(omit) }}",
    "{{ settings.preferences.job_type | default(omit) }}",
    "{{ steps.priority }}",
    "jpm:/jobs/{{ id }}",
    "{{ steps.location.id }}",
    "{{ settings.preferences.business_unit }}",
    "{{ settings.preferences.job_type }}",
    "{{ vars.summary }}",
    "{{ vars.start | plus('2h') }}",
    "{{ vars.nte or omit }}",
    "{{ record.Id | string }}",
    "{{ found.customFields | merge_by('typeId', vars.nte) if vars.nte else omit }}",
    "Dispatch refuses the business unit with this job type: {{ error.message }}",
];

const CONDITIONS: &[&str] = &[
    "status == 302",
    "status == 400 and body.error_description is defined",
    "status == 401 and body.ErrorCode == 504",
    "status == 401",
    "status == 429",
    "status == 400 and body.ErrorCode in [502, 601, 917]",
    "status == 400 and body.ErrorCode == 5202",
    "status == 404",
    "status >= 500",
    "status >= 400",
    "payload.Object.UpdatedBy.UserName | default('') != params.username",
    "status == 409",
    "not link.booking",
    "record.jobId is not none",
    "dispatch_board",
    "nte_to_custom_field",
    "steps.current.active",
    "not link.job",
    "settings.invoice_information.send_when == 'posted' and record.syncStatus not in ['Posted', 'Exported']",
    "record.total | decimal == 0 | decimal",
    "steps.wo.Status.Primary != 'COMPLETED' or steps.wo.Status.Extended | default('') not in ['', 'CONFIRMED']",
    "record.total | decimal > steps.wo.Nte | decimal",
    "steps.target == keep",
    "steps.target.refused",
    "not found.IsInvoiced and (settings.job_status.reopen or not found.Status.Primary == 'COMPLETED')",
    "'[ref job ' ~ record.id ~ ' ' ~ vars.event ~ ']' in candidate.NoteData",
    "'trip' in item.skuName | default('') | lower",
    "'part' in vars.hold_reason | lower",
    "not link.job or not settings.notes.inbound",
    "not linked('note_out', id=note.Id)",
    "'[SC ' ~ note.Id ~ ']' in candidate.text",
    "candidate.fileName == 'sc-' ~ file.Id ~ '-' ~ file.Name",
    "'[SC ' in record.text",
    "settings.notes.out == 'none' or (settings.notes.out == 'pinned' and not record.isPinned)",
    "'[ST ' ~ record.id ~ ']' in candidate.NoteData",
    "not link.job and not link.booking and record.CallDate | utc < activation.at and (record.Status.Primary != 'OPEN' or settings.preferences.open_since is none)",
    "record.Status.Extended in ['CANCELLED', 'DECLINED'] and not link.job and not link.booking",
    "steps.customer.found.doNotService and settings.preferences.do_not_service == 'skip'",
    "steps.customer.found.doNotService",
    "settings.preferences.dispatch_board or link.job",
    "not settings.preferences.dispatch_board and not link.job",
    "found.status == 'New'",
    "error.status == 400 and error.message is containing('jobTypeId')",
];

const PATHS: &[&str] = &[
    "$.Object.Id",
    "$.Object.WorkOrderId",
    "$.hasMore",
    "$.continueFrom",
    "$.data.tenantId",
    "$.data.job.id",
    "$.data.appointment.jobId",
    "$.data.booking.id",
    "$.data[*]",
    "$.id",
    "$.jobId",
    "$.name",
    "$.Number",
    "$.PurchaseNumber",
    "$.Subscriber.Name",
    "$.Location.StoreId",
    "$.Trade",
    "$.Category",
    "$.Priority",
    "$.Nte",
    "$.CallDate_DTO",
    "$.ScheduledDate_DTO",
    "$.Caller",
    "$.ProblemCode",
    "$.Description",
    "$.data[?@.name == 'Helpdesk']",
    "$.data[0]",
    "$.job.id",
    "$.items[*]",
    "$.type",
    "$.value[*]",
    "$.Id",
    "$[*]",
    "$.Notes[*]",
    "$.UpdatedDate",
    "$.Subscriber.Id",
    "$.Notes[?@.NoteType == 'UsersNote']",
    "$.Location.Id",
    "$.mergedToId",
];
