package api

import (
	"context"
	"net/http"

	"github.com/profilesync/profilesync/cmd/profilesync/actions/upkeep"
	"github.com/profilesync/profilesync/cmd/profilesync/api/operation"
	"github.com/profilesync/profilesync/cmd/profilesync/guard"
	"github.com/profilesync/profilesync/cmd/profilesync/wiring"
	"github.com/profilesync/profilesync/connectors/ers"
	"github.com/profilesync/profilesync/connectors/postgres/servicestore"
	"github.com/profilesync/profilesync/reconcile/services"
)

// ers are operations on the register of e-RS services, and on the codes of e-RS.
func (s *server) ers() {
	operation.Add(s.set, operation.Route{
		ID: "list-registered-services", Method: http.MethodGet, Path: "/ers/register", Verb: guard.Read,
		Summary: "List the register: the ids of services to look up in e-RS",
	}, s.listRegistered)
	operation.Add(s.set, operation.Route{
		ID: "add-registered-service", Method: http.MethodPost, Path: "/ers/register", Verb: guard.Administer, Keyed: true,
		Within: operation.PlanWithin, Summary: "Add a service of a site to the register, if e-RS confirms it",
	}, s.addRegistered)
	operation.Add(s.set, operation.Route{
		ID: "import-register", Method: http.MethodPost, Path: "/ers/register/file", Verb: guard.Administer, Keyed: true,
		Body: "application/octet-stream", Within: operation.FileWithin, Summary: "Import an EBSX05 extract into the register",
		About: "The body is the file, of at most PROFILESYNC_FILE_LIMIT_MIB: a zip of one CSV, or the CSV itself. " +
			"Services that are not in it are left alone.",
	}, s.importRegister)
	operation.Add(s.set, operation.Route{
		ID: "list-ers-codes", Method: http.MethodGet, Path: "/ers/codes", Verb: guard.Read,
		Summary: "List the code systems of e-RS, including retired codes",
	}, s.listCodes)
	operation.Add(s.set, operation.Route{
		ID: "pull-ers-codes", Method: http.MethodPost, Path: "/ers/codes/pull", Verb: guard.Reconcile, Keyed: true,
		Within: operation.PlanWithin, Summary: "Pull the code systems from e-RS",
	}, s.pullCodes)
}

type listRegisteredInput struct {
	operation.Paging

	State string `query:"state" maxLength:"40" doc:"Only services in this state, such as active."`
	Site  string `query:"site" doc:"Only services of this site, by its ODS code."`
}

func (s *server) listRegistered(ctx context.Context, in *listRegisteredInput) (*operation.List[servicestore.RegisteredService], error) {
	var wrong operation.Inputs
	filter := upkeep.ServiceFilter{State: operation.Chosen(&wrong, "state", in.State, services.States()), Site: wrong.Code("site", in.Site)}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(r servicestore.RegisteredService) string { return string(r.ID) }
	return operation.Paged(in.Paging, key, func(most int) ([]servicestore.RegisteredService, error) {
		filter.Most = most
		return s.do.RegisteredServices(ctx, filter)
	})
}

type addRegisteredInput struct {
	Body struct {
		ID   string `json:"id" doc:"The e-RS service id, as in the nhs.uk link (serviceId=)."`
		Site string `json:"site" doc:"The site that provides it, by its ODS code."`
	}
}

// Subject is the service and the site.
func (in *addRegisteredInput) Subject() string { return operation.Safe(in.Body.ID, in.Body.Site) }

func (s *server) addRegistered(ctx context.Context, in *addRegisteredInput) (*operation.Body[upkeep.AddedService], error) {
	var wrong operation.Inputs
	id, site := operation.Parsed(&wrong, "body.id", in.Body.ID, services.ParseID), wrong.Code("body.site", in.Body.Site)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	added, err := s.do.AddService(ctx, id, site)
	return operation.Answer(added, err)
}

type importRegisterInput struct {
	SentFile

	Columns string `query:"columns" maxLength:"4000" doc:"A JSON object from facts to column headers. Default: PROFILESYNC_ERS_COLUMNS."`
}

func (s *server) importRegister(ctx context.Context, in *importRegisterInput) (*operation.Body[wiring.ImportedExtract], error) {
	sent, err := s.allowed(ctx, &in.SentFile)
	if err != nil {
		return nil, err
	}
	done, err := s.do.ImportExtract(ctx, upkeep.Extract{Name: in.Name, Sent: sent, Columns: in.Columns})
	return operation.Answer(done, err)
}

type listCodesInput struct {
	operation.Paging

	Kind string `query:"kind" maxLength:"40" doc:"Only this code system."`
}

func (s *server) listCodes(ctx context.Context, in *listCodesInput) (*operation.List[servicestore.Code], error) {
	var wrong operation.Inputs
	kind := operation.Chosen(&wrong, "kind", in.Kind, []ers.CodeKind{ers.Specialties, ers.ClinicTypes})
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	key := func(c servicestore.Code) string { return c.Kind + " " + c.Code }
	return operation.Paged(in.Paging, key, func(int) ([]servicestore.Code, error) { return s.do.Codes(ctx, string(kind)) })
}

func (s *server) pullCodes(ctx context.Context, _ *struct{}) (*operation.Body[operation.Changed], error) {
	return operation.Answer(operation.Changed{Changed: true}, s.do.PullCodes(ctx))
}
