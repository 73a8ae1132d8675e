# What go.mod cannot say about the build of $package; read by hack/programs/programs.sh.
case $package in
helm.sh/helm/v3/cmd/helm)
    # What `helm version` says; without it only the minor version. And the Kubernetes that
    # `helm template` renders for, which is 1.20 without.
    ldflags="$ldflags -X helm.sh/helm/v3/internal/version.version=$version
        -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=36"
    ;;
esac
